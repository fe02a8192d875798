//! What every store does. Each behaviour runs on the model and on the disk.

use crate::world::*;
use exai_journal::{JournalError, MEMO_BYTES_MAX, MEMOS_MAX, ModelDisk, Pace, Store as _};
use exai_wire::{KeptFrame, Outcome};

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod model {
            $(#[test] fn $name() { super::$name(&super::memory()); })*
        }
        mod disk {
            $(#[test] fn $name() { super::$name(&crate::world::Disk::default()); })*
        }
    };
}

contract!(
    records_are_decided_in_order_and_sealed,
    the_next_start_begins_with_what_was_durable,
    what_was_durable_survives_a_crash,
    a_store_that_was_left_behind_writes_nothing_any_more,
    an_end_is_fetched_until_the_call_is_buried,
    of_a_call_that_is_not_kept_nothing_begins_and_nothing_stays,
    texts_are_joined_and_dropped_with_the_end,
    a_question_is_dropped_with_the_end,
    a_turn_is_kept_once_whatever_is_written_again,
    a_deleted_conversation_stays_deleted,
    conversations_are_listed_and_deleted,
    a_megabyte_more_or_less_is_the_same,
    memos_are_put_replaced_and_removed,
    memos_outlive_their_store_and_a_crash,
    a_store_that_was_left_behind_keeps_no_memo,
    of_too_many_memos_those_go_whose_time_ends_first,
    a_memo_that_is_too_long_is_none,
);

fn memory() -> Memory {
    Memory(ModelDisk::default(), Pace::AtOnce)
}

fn records_are_decided_in_order_and_sealed(world: &impl World) {
    let mut desk = world.open();
    let records = [accepted(1), acked(9), started(1, 1, 0), partial(1, 1, 0, "ab"), done(1), acked(1)];
    let tickets: Vec<_> = records.into_iter().map(|record| desk.submit(record)).collect();
    let decisions: Vec<_> = tickets.iter().map(|_| desk.decision()).collect();
    assert_eq!(decisions.iter().map(|decision| decision.ticket).collect::<Vec<_>>(), tickets);
    let frames = decisions.into_iter().map(|decision| decision.result.unwrap());
    let shown: Vec<_> = frames
        .map(|frame| match frame.as_ref().map(AsRef::as_ref) {
            Some(KeptFrame::Accepted(_)) => "accepted",
            Some(KeptFrame::Started(_)) => "started",
            Some(KeptFrame::Result(_)) => "result",
            None => "-",
        })
        .collect();
    assert_eq!(shown, ["accepted", "-", "started", "-", "result", "-"]);
}

fn the_next_start_begins_with_what_was_durable(world: &impl World) {
    let mut desk = world.open();
    let first = desk.journal.identity();
    assert!(desk.calls().is_empty());
    desk.keep([accepted(1), accepted(2), started(1, 1, 0), accepted(3), done(2), acked(2)]);
    drop(desk);
    let mut desk = world.open();
    let second = desk.journal.identity();
    assert_eq!((second.0, second.1.0), (first.0, first.1.0 + 1));
    let calls = desk.calls();
    assert_eq!(calls.iter().map(|call| call.call_id).collect::<Vec<_>>(), [id(1), id(2), id(3)]);
    assert_eq!(calls[0].attempts[0].model, "m1");
    assert_eq!(calls[0].asked.as_ref().unwrap().params.get(), "{\"name\":\"chat\"}");
    assert!(calls[0].ended.is_none() && calls[2].attempts.is_empty());
    let ended = calls[1].ended.unwrap();
    assert_eq!((ended.end.outcome, ended.bytes, calls[1].acked_ms), (Outcome::Ok, 7, Some(5)));
    assert!(desk.calls().is_empty(), "told once");
}

fn what_was_durable_survives_a_crash<W: World>(world: &W) {
    let mut desk = world.open();
    desk.keep([accepted(1), accepted(2), done(1)]);
    let crashed = world.crashed();
    let mut next = crashed.open();
    assert_eq!(next.journal.identity().0, desk.journal.identity().0);
    let calls = next.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls[0].ended.is_some() && calls[1].ended.is_none());
    assert!(next.fetched(1).is_some());
}

fn a_store_that_was_left_behind_writes_nothing_any_more(world: &impl World) {
    let mut old = world.open();
    old.keep([accepted(1)]);
    let mut new = world.open();
    for record in [accepted(2), acked(1)] {
        old.submit(record);
        assert_eq!(old.decision().result.unwrap_err(), JournalError::Usurped);
    }
    new.keep([accepted(3)]);
    drop(old);
    new.keep([accepted(4)]);
    drop(new);
    let calls = world.open().calls();
    assert_eq!(calls.iter().map(|call| call.call_id).collect::<Vec<_>>(), [id(1), id(3), id(4)]);
}

fn of_a_call_that_is_not_kept_nothing_begins_and_nothing_stays(world: &impl World) {
    let mut desk = world.open();
    desk.submit(started(1, 1, 0));
    assert_eq!(desk.decision().result.unwrap_err(), JournalError::Unfounded);
    desk.keep([partial(1, 1, 0, "ab"), acked(1), accepted(2), started(2, 1, 0)]);
    drop(desk);
    let rows = world.open().journal.store_mut().take_rows();
    let calls: Vec<_> = rows.iter().map(|row| row.call_id).collect();
    assert_eq!(calls, [id(2), id(2)]);
}

fn an_end_is_fetched_until_the_call_is_buried(world: &impl World) {
    let mut desk = world.open();
    desk.keep([accepted(1), done(1), done_with(1, "\"another\"")]);
    let Some(KeptFrame::Result(result)) = desk.fetched(1) else { panic!("a result") };
    assert_eq!((result.call_id, result.attempt, result.body.get()), (id(1), 1, "{\"n\":1}"));
    desk.keep([buried(1)]);
    assert!(desk.fetched(1).is_none() && desk.fetched(2).is_none());
    drop(desk);
    let calls = world.open().calls();
    assert_eq!((calls[0].buried_ms, calls[0].ended.unwrap().end.outcome), (Some(9), Outcome::Ok));
    assert_eq!(calls[0].ended.unwrap().bytes, 0);
    world.open().keep([forgotten(1), accepted(2)]);
    let calls = world.open().calls();
    assert_eq!(calls.iter().map(|call| call.call_id).collect::<Vec<_>>(), [id(2)]);
}

fn texts_are_joined_and_dropped_with_the_end(world: &impl World) {
    let text = |n: u64, attempt, pieces: [&str; 2]| {
        [partial(n, attempt, 0, pieces[0]), partial(n, attempt, pieces[0].len() as u64, pieces[1])]
    };
    let mut desk = world.open();
    desk.keep([accepted(1), started(1, 1, 0), accepted(2), started(2, 1, 0)]);
    desk.keep(text(1, 1, ["Grüße, ", "Welt"]).into_iter().chain(text(2, 1, ["a", "b"])));
    desk.keep([done(2)]);
    drop(desk);
    let mut desk = world.open();
    let rows = desk.journal.store_mut().take_rows();
    assert!(
        rows.iter().filter(|row| row.call_id == id(2)).all(|row| row.kind != exai_journal::Kind::Partial)
    );
    drop(desk);
    let calls = world.open().calls();
    assert_eq!(calls[0].partial.as_ref().unwrap().text, "Grüße, Welt");
    assert!(calls[1].partial.is_none());
}

fn a_question_is_dropped_with_the_end(world: &impl World) {
    let question = "{\"name\":\"chat\"}";
    let mut desk = world.open();
    desk.keep([accepted(1), accepted(2), done(1), done_with(1, "\"another\"")]);
    assert!(desk.fetched(1).is_some(), "the end is what is left of it");
    drop(desk);
    let rows = world.open().journal.store_mut().take_rows();
    let asked = rows.iter().filter(|row| row.kind == exai_journal::Kind::Accepted);
    let sizes: Vec<_> = asked.map(|row| (row.call_id, row.bytes, row.load.as_deref())).collect();
    assert_eq!(sizes, [(id(1), 0, None), (id(2), question.len(), Some(question))]);
    let calls = world.open().calls();
    assert_eq!(calls[0].asked.as_ref().unwrap().tool, "chat", "who asked for what is still known");
}

fn a_turn_is_kept_once_whatever_is_written_again(world: &impl World) {
    let mut desk = world.open();
    desk.keep([1, 1, 2].map(|n| turn(n, key(3), 100 * n, &format!("{{\"turn\":{n}}}"))));
    let turns = world.turns(&mut desk).load(key(3)).unwrap();
    let shown: Vec<_> =
        turns.iter().map(|turn| (turn.seq, turn.call_id, turn.at_ms, turn.body.get())).collect();
    assert_eq!(shown, [(1, id(1), 100, "{\"turn\":1}"), (2, id(2), 200, "{\"turn\":2}")]);
    desk.keep([buried(1), forgotten(2)]);
    assert_eq!(world.turns(&mut desk).load(key(3)).unwrap().len(), 2, "a conversation outlives its calls");
}

fn conversations_are_listed_and_deleted(world: &impl World) {
    let mut desk = world.open();
    desk.keep([turn(1, key(1), 100, "11"), turn(2, key(2), 200, "22"), turn(3, key(1), 300, "333")]);
    let turns = world.turns(&mut desk);
    let list = turns.list().unwrap();
    let shown: Vec<_> =
        list.iter().map(|head| (head.key, head.turns, head.bytes, head.began_ms, head.last_ms)).collect();
    assert_eq!(shown, [(key(1), 2, 5, 100, 300), (key(2), 1, 2, 200, 200)]);
    assert!(turns.delete(key(1)).unwrap() && !turns.delete(key(1)).unwrap());
    assert!(turns.load(key(1)).unwrap().is_empty());
    assert_eq!(turns.list().unwrap().len(), 1);
    desk.keep([turn(4, key(1), 400, "4")]);
    drop((turns, desk));
    let mut desk = world.open();
    assert_eq!(world.turns(&mut desk).load(key(1)).unwrap()[0].seq, 1, "begun anew");
}

/// The turn was under way when its conversation was deleted.
fn a_deleted_conversation_stays_deleted(world: &impl World) {
    let mut desk = world.open();
    desk.keep([turn(1, key(1), 100, "1"), next_turn(2, key(1), 200, "2")]);
    assert_eq!(world.turns(&mut desk).load(key(1)).unwrap().len(), 2);
    assert!(world.turns(&mut desk).delete(key(1)).unwrap());
    desk.keep([next_turn(3, key(1), 300, "3"), next_turn(4, key(1), 400, "4")]);
    assert!(world.turns(&mut desk).list().unwrap().is_empty());
    assert!(desk.fetched(3).is_some(), "the answer itself is kept");
}

fn a_megabyte_more_or_less_is_the_same(world: &impl World) {
    let large = format!("\"{}\"", "x".repeat(7 << 20));
    let mut desk = world.open();
    desk.keep([accepted_with(1, &large), accepted_with(2, &large), done_with(1, &large)]);
    desk.keep((3..6).map(|n| done_with(n, &large)));
    for n in [1, 5] {
        let Some(KeptFrame::Result(result)) = desk.fetched(n) else { panic!("a result") };
        assert!(result.body.get() == large);
    }
    drop(desk);
    let calls = world.open().calls();
    assert_eq!((calls.len(), calls[0].ended.unwrap().bytes), (5, large.len()));
    assert!(calls[1].asked.as_ref().unwrap().params.get() == large);
}

/// What was put before a record that is durable can be read.
fn memos_are_put_replaced_and_removed(world: &impl World) {
    let mut desk = world.open();
    let memos = world.memos(&mut desk);
    memos.put("b", memo(200, "two"));
    memos.put("a", memo(100, "one"));
    memos.put("c", memo(300, "drei: Grüße"));
    desk.keep([accepted(1)]);
    assert_eq!(told(&*memos), ["a 100 one", "b 200 two", "c 300 drei: Grüße"]);
    memos.put("a", memo(400, "uno"));
    memos.put("b", None);
    memos.put("nobody knows it", None);
    desk.keep([accepted(2)]);
    assert_eq!(told(&*memos), ["a 400 uno", "c 300 drei: Grüße"]);
    memos.forget_before(300);
    desk.keep([accepted(3)]);
    assert_eq!(told(&*memos).len(), 2, "until then it says something");
    memos.forget_before(301);
    desk.keep([accepted(4)]);
    assert_eq!(told(&*memos), ["a 400 uno"]);
}

fn memos_outlive_their_store_and_a_crash<W: World>(world: &W) {
    let mut desk = world.open();
    let memos = world.memos(&mut desk);
    memos.put("a", memo(100, "one"));
    desk.keep([accepted(1)]);
    let crashed = world.crashed();
    let mut next = crashed.open();
    assert_eq!(told(&*crashed.memos(&mut next)), ["a 100 one"]);
    memos.put("b", memo(100, "two"));
    drop(desk);
    memos.put("c", memo(100, "after the end"));
    let mut desk = world.open();
    assert_eq!(told(&*world.memos(&mut desk))[..2], ["a 100 one", "b 100 two"]);
}

fn a_store_that_was_left_behind_keeps_no_memo(world: &impl World) {
    let mut old = world.open();
    let late = world.memos(&mut old);
    late.put("a", memo(100, "one"));
    old.keep([accepted(1)]);
    let mut new = world.open();
    let memos = world.memos(&mut new);
    for change in [memo(100, "another"), None] {
        late.put("a", change);
        late.put("b", memo(100, "two"));
        late.forget_before(1000);
        old.submit(accepted(2));
        assert_eq!(old.decision().result.unwrap_err(), JournalError::Usurped);
    }
    memos.put("c", memo(100, "three"));
    new.keep([accepted(3)]);
    assert_eq!(told(&*memos), ["a 100 one", "c 100 three"]);
}

fn of_too_many_memos_those_go_whose_time_ends_first(world: &impl World) {
    let mut desk = world.open();
    let memos = world.memos(&mut desk);
    for n in 0..MEMOS_MAX as u64 {
        memos.put(&format!("{n:04}"), memo(10_000 - n, "old"));
    }
    memos.put("0000", memo(10_000, "replaced"));
    desk.keep([accepted(1)]);
    assert_eq!(told(&*memos).len(), MEMOS_MAX);
    // Also if the new one's own time ends first.
    memos.put("new", memo(1, "new"));
    desk.keep([accepted(2)]);
    let all = told(&*memos);
    assert_eq!((all.len(), all.first().unwrap().as_str()), (MEMOS_MAX, "0000 10000 replaced"));
    assert_eq!(all[MEMOS_MAX - 2..], ["0510 9490 old", "new 1 new"]);
}

fn a_memo_that_is_too_long_is_none(world: &impl World) {
    let mut desk = world.open();
    let memos = world.memos(&mut desk);
    let [longest, longer] = [0, 1].map(|more| "x".repeat(MEMO_BYTES_MAX + more));
    memos.put("a", memo(1, &longest));
    memos.put(&longest, memo(1, "a name"));
    memos.put("b", memo(1, "short"));
    memos.put("b", memo(1, &longer));
    memos.put(&longer, memo(1, "too long a name"));
    desk.keep([accepted(1)]);
    assert_eq!(told(&*memos), [format!("a 1 {longest}"), format!("{longest} 1 a name")]);
}

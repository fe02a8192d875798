use exai_wire::{Asked, Attempt, ConversationKey, End, Turn, TurnPlace};
use exai_wire::{CallId, Class, Epoch, Fingerprint, JournalId, Kept, KeptFrame, Outcome, Record, SessionId};
use serde_json::value::RawValue;

use super::*;

const ID: JournalId = JournalId::from_bytes([1; 16]);

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn id(n: u8) -> CallId {
    CallId::from_bytes([n; 16])
}

fn accepted(n: u8) -> Record {
    let asked = Asked {
        session: SessionId::from_bytes([7; 16]),
        fingerprint: Fingerprint::from_bytes([n; 16]),
        adopt_key: None,
        adopts: None,
        method: "tools/call".into(),
        tool: "chat".into(),
        class: Class::Metered,
        at_ms: 1000,
        remaining_ms: 60_000,
        attempts_before: 0,
        params: raw("{\"name\":\"chat\"}"),
    };
    Record::Accepted { call_id: id(n), asked }
}

fn started(n: u8, attempt: u32, continues: u64) -> Record {
    let (provider, model) = ("sim".to_owned(), "m1".to_owned());
    Record::Started {
        call_id: id(n),
        attempt: Attempt { n: attempt, provider, model, continues, at_ms: 1100 },
    }
}

fn partial(n: u8, attempt: u32, offset: u64, text: &str) -> Record {
    Record::Partial { call_id: id(n), attempt, offset, text: text.to_owned() }
}

fn done(n: u8) -> Record {
    let end = End { attempts: 1, outcome: Outcome::Ok, at_ms: 2000, spent: None };
    Record::Done { call_id: id(n), end, body: raw(&format!("{{\"n\":{n}}}")), turn: None }
}

/// The calls that the next daemon begins with.
fn after(records: impl IntoIterator<Item = Record>) -> Vec<Kept> {
    let disk = ModelDisk::default();
    let mut journal = Journal::new(ModelStore::open(ID, &disk, Pace::AtOnce));
    for (ticket, record) in records.into_iter().enumerate() {
        journal.submit(ticket as u64, record);
    }
    let recovered = Journal::new(ModelStore::open(ID, &disk, Pace::AtOnce)).recover();
    assert!(recovered.unreadable.is_empty());
    recovered.calls.into_iter().map(|(call, _)| call).collect()
}

fn text_after(records: impl IntoIterator<Item = Record>) -> Option<(u32, String)> {
    let calls = after([accepted(1)].into_iter().chain(records));
    calls[0].partial.clone().map(|partial| (partial.attempt, partial.text))
}

#[test]
fn a_record_that_is_kept_comes_back_as_its_own_frame_in_order() {
    let mut journal = Journal::new(ModelStore::new(ID));
    assert_eq!(journal.identity(), (ID, Epoch(1)));
    journal.submit(7, done(7));
    journal.submit(8, Record::Acked { call_id: id(8), at_ms: 1 });
    let first = journal.poll_committed().unwrap();
    let Ok(Some(sealed)) = first.result else { panic!("a sealed frame") };
    let KeptFrame::Result(result) = sealed.as_ref() else { panic!("a result") };
    assert_eq!((first.ticket, result.body.get()), (7, "{\"n\":7}"));
    let second = journal.poll_committed().unwrap();
    assert!(matches!((second.ticket, second.result), (8, Ok(None))), "an ack speaks to nobody");
    assert!(journal.poll_committed().is_none());
}

#[test]
fn nothing_is_sealed_that_the_store_refused() {
    let mut journal = Journal::new(ModelStore::new(ID));
    journal.store_mut().fail_with(Some(JournalError::Full("no space".into())));
    journal.submit(1, done(1));
    journal.store_mut().fail_with(None);
    journal.submit(2, done(2));
    let results: Vec<_> = std::iter::from_fn(|| journal.poll_committed()).collect();
    assert!(matches!(results[0].result, Err(JournalError::Full(_))));
    assert!(matches!(results[1].result, Ok(Some(_))), "the ticket's own frame, not the refused one's");
    assert_eq!(journal.store_mut().disk().rows().len(), 1);
}

#[test]
fn the_next_start_begins_with_what_was_durable() {
    let records = [
        accepted(1),
        accepted(2),
        started(1, 1, 0),
        accepted(3),
        done(2),
        Record::Acked { call_id: id(2), at_ms: 5 },
    ];
    let calls = after(records);
    assert_eq!(calls.iter().map(|call| call.call_id).collect::<Vec<_>>(), [id(1), id(2), id(3)]);
    assert_eq!(calls[0].attempts_made(), 1);
    assert_eq!(calls[0].attempts[0].model, "m1");
    assert_eq!(calls[0].asked.as_ref().unwrap().params.get(), "{\"name\":\"chat\"}");
    assert!(calls[0].ended.is_none() && calls[2].attempts.is_empty());
    let ended = calls[1].ended.unwrap();
    assert_eq!((ended.end.outcome, ended.bytes, calls[1].acked_ms), (Outcome::Ok, 7, Some(5)));
}

#[test]
fn what_was_not_synced_is_lost_with_the_store() {
    let disk = ModelDisk::default();
    let mut store = ModelStore::open(ID, &disk, Pace::AtSync);
    store.submit(1, accepted(1));
    store.sync();
    store.submit(2, done(1));
    assert_eq!(store.waiting(), 1);
    let calls = Journal::new(ModelStore::open(ID, &disk, Pace::AtSync)).recover().calls;
    assert!(matches!(calls.as_slice(), [(call, _)] if call.ended.is_none()));
}

#[test]
fn a_store_that_was_left_behind_writes_nothing_any_more() {
    let disk = ModelDisk::default();
    let mut old = ModelStore::open(ID, &disk, Pace::AtOnce);
    let new = ModelStore::open(ID, &disk, Pace::AtOnce);
    assert_eq!(new.identity().1, Epoch(2));
    old.submit(1, accepted(1));
    assert_eq!(old.poll(), Some((1, Err(JournalError::Usurped))));
    assert!(disk.rows().is_empty());
}

#[test]
fn an_end_is_fetched_until_the_call_is_buried() {
    let mut journal = Journal::new(ModelStore::new(ID));
    for (ticket, record) in [accepted(1), done(1)].into_iter().enumerate() {
        journal.submit(ticket as u64, record);
    }
    journal.fetch(id(1));
    let (call_id, sealed) = journal.poll_fetched().unwrap();
    let sealed = sealed.unwrap();
    let KeptFrame::Result(result) = sealed.as_ref() else { panic!("a result") };
    assert_eq!((call_id, result.body.get()), (id(1), "{\"n\":1}"));
    journal.submit(9, Record::Buried { call_id: id(1), at_ms: 9 });
    for call in [id(1), id(2)] {
        journal.fetch(call);
        assert!(matches!(journal.poll_fetched(), Some((_, None))));
    }
    let calls = after([accepted(1), done(1), Record::Buried { call_id: id(1), at_ms: 9 }]);
    assert_eq!((calls[0].buried_ms, calls[0].ended.unwrap().end.outcome), (Some(9), Outcome::Ok));
    assert!(after([accepted(1), done(1), Record::Forgotten { call_id: id(1) }]).is_empty());
}

#[test]
fn a_cancel_before_its_call_is_kept_and_the_first_end_counts() {
    let cancelled = End { attempts: 0, outcome: Outcome::Cancelled, at_ms: 1, spent: None };
    let cancel = Record::Done { call_id: id(1), end: cancelled, body: raw("null"), turn: None };
    let calls = after([cancel, done(1)]);
    assert!(calls[0].asked.is_none());
    assert_eq!(calls[0].ended.unwrap().end.outcome, Outcome::Cancelled);
}

#[test]
fn texts_are_joined_from_their_pieces_and_the_longest_is_kept() {
    let whole = [started(1, 1, 0), partial(1, 1, 0, "Grüße, "), partial(1, 1, 9, "Welt")];
    assert_eq!(text_after(whole), Some((1, "Grüße, Welt".to_owned())));
    let gap = [started(1, 1, 0), partial(1, 1, 0, "abc"), partial(1, 1, 9, "x"), partial(1, 1, 3, "d")];
    assert_eq!(text_after(gap), Some((1, "abcd".to_owned())), "a piece after a gap is of no use");
    let anew = [started(1, 1, 0), partial(1, 1, 0, "long text"), started(1, 2, 0), partial(1, 2, 0, "short")];
    assert_eq!(text_after(anew), Some((1, "long text".to_owned())));
    let on = [started(1, 1, 0), partial(1, 1, 0, "abcdef"), started(1, 2, 4), partial(1, 2, 4, "XYZ")];
    assert_eq!(text_after(on), Some((2, "abcdXYZ".to_owned())));
    let longest = [
        started(1, 1, 0),
        partial(1, 1, 0, "abcdef"),
        started(1, 2, 0),
        partial(1, 2, 0, "xyz"),
        started(1, 3, 2),
        partial(1, 3, 2, "12345678"),
    ];
    assert_eq!(text_after(longest), Some((3, "ab12345678".to_owned())));
    let inside = [started(1, 1, 0), partial(1, 1, 0, "Grüße"), started(1, 2, 3), partial(1, 2, 3, "x")];
    assert_eq!(text_after(inside), Some((1, "Grüße".to_owned())), "a place within a character is none");
    assert_eq!(text_after([partial(1, 1, 0, "ab"), done(1)]), None, "nobody goes on from what has ended");
}

#[test]
fn an_attempt_that_went_to_somebody_else_is_one() {
    let mut other = started(1, 1, 0);
    if let Record::Started { attempt, .. } = &mut other {
        attempt.provider = "other".into();
    }
    let calls = after([accepted(1), started(1, 1, 0), other, Record::Cut { call_id: id(1), attempt: 1 }]);
    assert_eq!(calls[0].attempts.len(), 1);
    assert_eq!((calls[0].attempts[0].provider.as_str(), calls[0].cut.as_slice()), ("other", &[1][..]));
}

fn failed(attempt: u32, billed: bool) -> Record {
    Record::Failed { call_id: id(1), attempt, billed }
}

#[test]
fn an_attempt_that_cost_nothing_is_none_until_it_is_begun_again() {
    let made = |records: &[Record]| {
        let call = after([accepted(1)].into_iter().chain(records.iter().cloned())).remove(0);
        (call.attempts_made(), call.attempts_numbered(), call.failed)
    };
    let (one, two) = (started(1, 1, 0), started(1, 2, 0));
    assert_eq!(made(&[one.clone(), failed(1, false)]), (0, 1, vec![]));
    assert_eq!(made(&[one.clone(), failed(1, false), one.clone()]), (1, 1, vec![]));
    assert_eq!(made(&[one.clone(), failed(1, true), two.clone(), failed(2, false)]), (1, 2, vec![1]));
    // None of these is written by a daemon: what may have been billed counts.
    assert_eq!(made(&[one.clone(), two, failed(1, false)]), (2, 2, vec![]));
    assert_eq!(made(&[failed(1, false), failed(1, true), one]), (1, 1, vec![]));
}

#[test]
fn a_call_whose_answer_was_taken_over_knows_it() {
    let mut adopter = accepted(2);
    if let Record::Accepted { asked, .. } = &mut adopter {
        asked.adopts = Some(id(1));
    }
    let calls = after([accepted(1), adopter]);
    assert!(calls[0].adopted && !calls[1].adopted);
}

#[test]
fn a_row_that_cannot_be_read_costs_no_other_call() {
    let disk = ModelDisk::default();
    let mut journal = Journal::new(ModelStore::open(ID, &disk, Pace::AtOnce));
    journal.submit(1, accepted(1));
    let mut recovery = Recovery::default();
    let mut rows = disk.rows();
    rows.push(Row { call_id: id(2), kind: Kind::Started, head: "{".into(), load: None, bytes: 0 });
    let read: Vec<_> = rows.into_iter().map(|row| recovery.read(row)).collect();
    assert!(read[0].is_ok() && read[1].is_err());
    assert_eq!(recovery.finish().len(), 1);
}

#[test]
fn what_an_earlier_release_said_beside_a_start_is_passed_over() {
    let head = r#"{"n":2,"provider":"sim","model":"m1","continues":0,"after_failure":true,"at_ms":1100}"#;
    let row = Row { call_id: id(1), kind: Kind::Started, head: head.into(), load: None, bytes: 0 };
    let Ok(Record::Started { attempt, .. }) = row.record() else { panic!() };
    assert_eq!((attempt.n, attempt.at_ms), (2, 1100));
}

#[test]
fn a_turn_is_kept_once_whatever_is_written_again() {
    let (key, disk) = (ConversationKey::from_bytes([3; 16]), ModelDisk::default());
    let mut journal = Journal::new(ModelStore::open(ID, &disk, Pace::AtOnce));
    let with_turn = |n: u8| {
        let Record::Done { call_id, end, body, .. } = done(n) else { panic!() };
        let turn = Some(Turn {
            conversation: key,
            place: TurnPlace::First,
            body: raw(&format!("{{\"turn\":{n}}}")),
        });
        Record::Done { call_id, end, body, turn }
    };
    for (ticket, record) in [with_turn(1), with_turn(1), with_turn(2)].into_iter().enumerate() {
        journal.submit(ticket as u64, record);
    }
    let turns = disk.load(key).unwrap();
    let bodies: Vec<_> = turns.iter().map(|turn| (turn.seq, turn.body.get())).collect();
    assert_eq!(bodies, [(1, "{\"turn\":1}"), (2, "{\"turn\":2}")]);
    assert_eq!(disk.list().unwrap()[0].turns, 2);
    assert!(disk.delete(key).unwrap() && !disk.delete(key).unwrap());
    assert!(disk.load(key).unwrap().is_empty());
}

#[test]
fn memos_of_the_model_fail_and_wait_as_its_records_do() {
    let memo = |body: &str| Some(Memo { until_ms: 1, body: body.to_owned() });
    let disk = ModelDisk::default();
    let mut store = ModelStore::open(ID, &disk, Pace::AtSync);
    let memos = store.memos();
    memos.put("a", memo("one"));
    assert!(memos.all().unwrap().is_empty());
    store.sync();
    memos.put("a", memo("lost with the store"));
    drop(store);
    let mut store = ModelStore::open(ID, &disk, Pace::AtOnce);
    let memos = store.memos();
    store.fail_with(Some(JournalError::Full("of things".into())));
    memos.put("a", memo("without room"));
    memos.put("b", memo("without room"));
    store.fail_with(None);
    assert_eq!(memos.all().unwrap(), [("a".to_owned(), memo("one").unwrap())]);
}

//! Daemons that die and come back with their journal, with an old one, or with one that can't be written.

use exai_session::{AttemptDenied, AttemptFate, EndWhy, Fate};
use exai_wire::{CallId, Outcome, RefusedCode};

use crate::world::{CHAT, Seen, WRITE, World, call_id, ms, secs};

fn outcome(seen: &Seen) -> Option<Outcome> {
    match seen {
        Seen::Result { outcome, .. } => Some(*outcome),
        Seen::End { .. } => None,
    }
}

fn body(seen: &Seen) -> &str {
    match seen {
        Seen::Result { body, .. } => body,
        Seen::End { why, .. } => panic!("{why:?}"),
    }
}

#[test]
fn a_call_goes_on_after_its_daemon_died_and_tells_of_the_attempt() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(3));
    world.crash();
    world.run(secs(12));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
    assert_eq!(world.billed, [(call, 1), (call, 2)]);
    let (before, _) = &world.told[&call];
    assert!(
        matches!(before.as_slice(), [one] if (one.n, &*one.model, one.fate) == (1, "m1", AttemptFate::Lost)),
        "{before:?}"
    );
}

#[test]
fn an_effect_that_had_begun_has_an_unknown_outcome_and_one_that_had_not_runs() {
    let mut world = World::new(1);
    let begun = world.call(0, 1, WRITE);
    world.run(secs(1));
    world.full = true;
    let accepted = world.call(0, 2, WRITE);
    world.run(secs(1));
    world.full = false;
    world.crash();
    world.run(secs(12));
    assert_eq!(outcome(&world.only(begun)), Some(Outcome::OutcomeUnknown));
    assert_eq!(outcome(&world.only(accepted)), Some(Outcome::Ok));
    assert_eq!((world.billed(begun), world.billed(accepted)), (1, 1));
}

#[test]
fn an_answer_that_was_kept_is_delivered_by_the_next_daemon_byte_for_byte() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(9));
    world.partitioned = true;
    world.run(secs(3));
    world.partitioned = false;
    world.crash();
    world.run(secs(5));
    let seen = world.only(call);
    assert!(matches!(seen, Seen::Result { outcome: Outcome::Ok, replayed: true, attempts: 1, .. }));
    assert_eq!(body(&seen), format!(r#"{{"answer":"{call}","content":[{{"type":"text","text":"it is"}}]}}"#));
    assert_eq!(world.billed(call), 1);
    assert!(world.log.iter().any(|line| line.contains("> {\"t\":\"ack\"")));
}

#[test]
fn what_was_cancelled_before_a_crash_never_runs_again() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    let now = world.now;
    world.shims[0].cancel(now, call, "user");
    world.settle();
    world.run(ms(1));
    world.crash();
    world.run(secs(20));
    assert!(!world.answered(call));
    assert_eq!((world.billed(call), world.shims[0].open_calls()), (1, 0));
}

#[test]
fn nothing_is_paid_for_a_host_that_never_comes_back() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    world.kill_daemon();
    world.partitioned = true;
    world.restart_daemon();
    world.run(secs(100));
    assert_eq!((world.billed(call), world.daemon.as_ref().unwrap().in_flight()), (1, 0));
    world.run(secs(1300));
    let head = world.daemon.as_ref().unwrap().call_head(call).unwrap();
    assert_eq!(head.outcome, Some(Outcome::Error), "its time is over");
}

#[test]
fn a_call_whose_host_has_a_handle_goes_on_at_once() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(2));
    let now = world.now;
    world.shims[0].detach(now, call);
    world.run(secs(1));
    world.kill_daemon();
    world.partitioned = true;
    world.restart_daemon();
    world.run(secs(12));
    assert_eq!(world.billed(call), 2);
    let head = world.daemon.as_ref().unwrap().call_head(call).unwrap();
    assert_eq!(head.outcome, Some(Outcome::Ok));
}

#[test]
fn a_journal_restored_from_an_old_copy_makes_nothing_run_twice_in_silence() {
    let mut world = World::new(1);
    let early = world.call(0, 1, WRITE);
    world.full = true;
    world.run(ms(100));
    let backup = (world.disk.0, world.disk.1.copy());
    world.full = false;
    let late = world.call(0, 2, WRITE);
    let chat = world.call(0, 3, CHAT);
    world.run(secs(2));
    world.kill_daemon();
    world.disk = backup;
    world.restart_daemon();
    world.run(secs(15));
    assert_eq!(outcome(&world.only(late)), Some(Outcome::OutcomeUnknown));
    assert_eq!((world.billed(late), world.billed(early)), (1, 1));
    assert!(matches!(world.only(chat), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
}

/// Asks the first provider, which fails, and then another.
fn fail_over(world: &mut World, call: CallId) {
    world.run(secs(1));
    world.daemon.as_mut().unwrap().attempt_failed(call);
    world.attempt(call, None, ("other", "m2"));
    world.run(secs(1));
}

fn told(world: &World, call: CallId) -> Vec<(&str, AttemptFate)> {
    world.told[&call].0.iter().map(|before| (&*before.model, before.fate)).collect()
}

#[test]
fn an_attempt_that_had_failed_before_another_began_was_not_lost_with_the_daemon() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    fail_over(&mut world, call);
    world.crash();
    world.run(secs(1));
    assert_eq!(told(&world, call), [("m1", AttemptFate::Failed), ("m2", AttemptFate::Lost)]);
    world.crash();
    world.run(secs(1));
    let fates = [("m1", AttemptFate::Failed), ("m2", AttemptFate::Lost), ("m1", AttemptFate::Lost)];
    assert_eq!(told(&world, call), fates);
}

#[test]
fn an_attempt_that_had_failed_before_the_daemon_died_was_not_lost_with_it() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    world.daemon.as_mut().unwrap().attempt_failed(call);
    world.run(ms(10));
    world.crash();
    world.run(secs(1));
    assert_eq!(told(&world, call), [("m1", AttemptFate::Failed)]);
    assert_eq!(world.billed, [(call, 1), (call, 2)]);
}

/// A refusal, and the daemon dies in the pause after it.
fn refused_and_killed(world: &mut World, call: CallId) {
    world.run(secs(1));
    let now = world.now;
    world.daemon.as_mut().unwrap().attempt_cost_nothing(now, call);
    world.run(ms(10));
    world.crash();
}

#[test]
fn attempts_that_cost_nothing_count_for_nothing_however_often_their_daemon_dies() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    for _ in 0..5 {
        refused_and_killed(&mut world, call);
    }
    world.run(secs(30));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
    assert!(told(&world, call).is_empty() && world.denied.is_empty());
}

#[test]
fn an_attempt_that_began_again_under_the_number_of_one_that_cost_nothing_counts() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    let now = world.now;
    world.daemon.as_mut().unwrap().attempt_cost_nothing(now, call);
    world.attempt(call, Some(1), ("other", "m2"));
    world.run(secs(1));
    world.crash();
    world.run(secs(1));
    assert_eq!(told(&world, call), [("m2", AttemptFate::Lost)]);
    refused_and_killed(&mut world, call);
    world.run(secs(1));
    assert_eq!(told(&world, call), [("m2", AttemptFate::Lost)]);
    world.run(secs(30));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
}

#[test]
fn a_journal_restored_from_before_it_began_again_does_not_take_it_for_none() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    let now = world.now;
    world.daemon.as_mut().unwrap().attempt_cost_nothing(now, call);
    world.settle();
    let backup = (world.disk.0, world.disk.1.copy());
    world.run(ms(10));
    world.attempt(call, Some(1), ("other", "m2"));
    world.run(secs(1));
    world.kill_daemon();
    world.disk = backup;
    world.restart_daemon();
    world.run(secs(30));
    assert_eq!(world.billed, [(call, 1), (call, 1), (call, 2)]);
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
}

#[test]
fn an_effect_that_was_refused_runs_though_its_daemon_died() {
    let mut world = World::new(1);
    let call = world.call(0, 1, WRITE);
    refused_and_killed(&mut world, call);
    world.run(secs(30));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
}

#[test]
fn attempts_of_a_call_that_was_left_are_told_by_whom_they_asked() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"chat","ms":100000}"#);
    fail_over(&mut world, call);
    world.partitioned = true;
    world.run(secs(45));
    // The third is not begun for nobody.
    world.daemon.as_mut().unwrap().attempt_failed(call);
    world.attempt(call, None, ("third", "m3"));
    world.partitioned = false;
    world.run(secs(5));
    assert_eq!(told(&world, call), [("m1", AttemptFate::Failed), ("m2", AttemptFate::Left)]);
}

/// The next start on the copy has the number of one that its journal does not know of.
#[test]
fn a_restored_journal_that_starts_under_a_number_that_was_used_is_not_taken_for_the_same_daemon() {
    let mut world = World::new(1);
    let backup = (world.disk.0, world.disk.1.copy());
    world.crash();
    let warm = world.call(0, 1, CHAT);
    world.run(secs(15));
    assert!(world.answered(warm));
    let effect = world.call(0, 2, WRITE);
    world.run(ms(1));
    world.partitioned = true;
    world.run(secs(2));
    assert!(world.billed(effect) == 1 && !world.answered(effect));
    world.kill_daemon();
    world.disk = backup;
    world.partitioned = false;
    world.restart_daemon();
    world.run(secs(30));
    assert_eq!(outcome(&world.only(effect)), Some(Outcome::OutcomeUnknown));
    assert_eq!(world.billed(effect), 1);
}

#[test]
fn an_attempt_that_a_drain_cuts_leaves_three_others() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"chat","ms":20000}"#);
    for _ in 0..3 {
        world.run(secs(3));
        world.drain();
        world.run(ms(9500));
        assert!(world.daemon.is_none());
        world.restart_daemon();
    }
    for _ in 0..2 {
        world.run(secs(3));
        world.crash();
    }
    world.run(secs(30));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 6, .. }));
    let (before, _) = &world.told[&call];
    let fates: Vec<_> = before.iter().map(|before| before.fate).collect();
    let (cut, lost) = (AttemptFate::Cut, AttemptFate::Lost);
    assert_eq!(fates, [cut, cut, cut, lost, lost]);
}

#[test]
fn three_daemons_that_died_are_the_most_that_a_call_pays_for() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    for _ in 0..3 {
        world.run(secs(3));
        world.crash();
    }
    world.run(secs(30));
    assert_eq!((world.billed(call), world.denied.as_slice()), (3, &[AttemptDenied::Exhausted][..]));
    assert_eq!(outcome(&world.only(call)), Some(Outcome::Error));
}

#[test]
fn last_attempts_begin_one_after_the_other() {
    let mut world = World::new(1);
    let calls = [world.call(0, 1, CHAT), world.call(0, 2, CHAT), world.call(0, 3, CHAT)];
    for _ in 0..2 {
        world.run(secs(2));
        world.crash();
    }
    let third = |world: &World| world.billed.iter().filter(|(_, attempt)| *attempt == 3).count();
    world.run_until("the first", |world| third(world) == 1);
    world.run(ms(150));
    assert_eq!(third(&world), 1);
    world.run(ms(100));
    assert_eq!(third(&world), 2);
    world.run(secs(20));
    assert!(calls.iter().all(|call| outcome(&world.only(*call)) == Some(Outcome::Ok)));
}

#[test]
fn of_many_last_attempts_a_quarter_begins_at_a_time() {
    let mut world = World::new(1);
    let calls: Vec<_> = (1..=40).map(|n| world.call(0, n, CHAT)).collect();
    for _ in 0..2 {
        world.run(secs(2));
        world.crash();
    }
    let third = |world: &World| world.billed.iter().filter(|(_, attempt)| *attempt == 3).count();
    world.run_until("the first", |world| third(world) > 0);
    world.run(ms(150));
    assert!((2..=10).contains(&third(&world)), "{}", third(&world));
    world.run(secs(3));
    assert_eq!(third(&world), 40);
    world.run(secs(20));
    assert!(calls.iter().all(|call| outcome(&world.only(*call)) == Some(Outcome::Ok)));
}

#[test]
fn text_that_had_come_is_there_for_the_next_attempt() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    let daemon = world.daemon.as_mut().unwrap();
    daemon.partial(call, 1, 0, "Once upon".into());
    daemon.partial(call, 1, 9, " a time".into());
    world.settle();
    world.crash();
    world.run(secs(1));
    assert_eq!(world.told[&call].1.as_deref(), Some("Once upon a time"));
}

#[test]
fn a_full_disk_between_accepted_and_started_costs_nothing_and_the_call_runs_when_there_is_room() {
    let mut world = World::new(1);
    world.full = true;
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    world.full = false;
    world.fill_disk();
    world.attempt(call, None, ("sim", "m1"));
    world.run(secs(30));
    assert_eq!((world.billed(call), world.answered(call)), (0, false));
    world.empty_disk();
    world.run(secs(13));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
}

#[test]
fn an_answer_that_cannot_be_kept_until_its_deadline_is_delivered_and_says_so() {
    let mut world = World::new(1);
    let deadline = world.now + secs(60);
    let call = world.call_with(0, 1, CHAT, |call| call.deadline = deadline);
    world.run(secs(1));
    world.fill_disk();
    world.run(secs(20));
    assert!(!world.answered(call));
    let other = world.call(0, 2, CHAT);
    world.run(secs(5));
    assert_eq!(world.billed(other), 0, "nothing new is taken meanwhile");
    world.run(secs(40));
    assert_eq!(outcome(&world.only(call)), Some(Outcome::Ok));
    world.empty_disk();
    world.run(secs(20));
    assert_eq!(outcome(&world.only(other)), Some(Outcome::Ok));
    assert_eq!((world.seen[&call].len(), world.billed(call)), (1, 1), "delivered once");
}

#[test]
fn what_is_over_and_done_leaves_the_disk_in_the_end() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(12));
    assert_eq!(outcome(&world.only(call)), Some(Outcome::Ok));
    world.run(secs(700));
    assert!(world.disk.1.rows().iter().all(|row| row.load.is_none()), "params and result are gone");
    world.crash();
    let (now, deadline) = (world.now, world.now + secs(60));
    world.shims[0].attach(now, call, deadline, None).unwrap();
    world.run(secs(2));
    let refused =
        |seen: &Seen| matches!(seen, Seen::End { why: EndWhy::Refused(RefusedCode::UnknownCall, _), .. });
    assert!(refused(world.seen[&call].last().unwrap()));
    world.run(secs(25 * 3600));
    assert!(world.disk.1.rows().is_empty());
    assert_eq!(world.daemon.as_ref().unwrap().call_head(call_id(1)), None);
}

#[test]
fn a_daemon_that_cannot_use_its_journal_says_so() {
    let mut world = World::new(1);
    world.kill_daemon();
    world.unusable = Some("the journal /state/journal.db is damaged".into());
    world.restart_daemon();
    let call = world.call(0, 1, CHAT);
    world.run(secs(2));
    let Seen::End { why: EndWhy::Rejected(code, message), fate: Fate::NotSent } = world.only(call) else {
        panic!("{:?}", world.only(call))
    };
    assert_eq!(
        (code, message.as_str()),
        (exai_wire::RejectCode::JournalUnusable, "the journal /state/journal.db is damaged")
    );
}

//! Both ends against each other, in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adopt;
mod ahead;
mod comings;
mod flood;
mod found;
mod handles;
mod keep;
mod links;
mod motion;
mod recover;
mod windows;
mod world;

use exai_journal::JournalError;
use exai_session::{AttemptDenied, EndWhy, Fate, Link};
use exai_wire::{Outcome, RejectCode};
use world::{Seen, World, call_id, ms, secs};

const CHAT_1S: &str = r#"{"name":"chat","ms":1000}"#;
const CHAT_10S: &str = r#"{"name":"chat","ms":10000}"#;
const WRITE_10S: &str = r#"{"name":"write","ms":10000}"#;

fn ok(seen: &Seen, attempts: u32) -> bool {
    matches!(seen, Seen::Result { outcome: Outcome::Ok, attempts: made, .. } if *made == attempts)
}

#[test]
fn a_session_does_not_dial_before_it_is_needed() {
    let mut world = World::new(1);
    world.run(secs(60));
    assert_eq!(world.shims[0].link(), Link::Idle);
    assert_eq!(world.daemon.as_ref().unwrap().connections(), 0);
}

#[test]
fn a_call_is_answered_and_acked() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_1S);
    world.run(secs(2));
    assert!(ok(&world.only(call), 1));
    assert!(world.log.iter().any(|line| line.contains("> {\"t\":\"ack\"")));
    assert_eq!(world.billed(call), 1);
}

#[test]
fn no_ack_goes_out_before_the_host_has_its_line() {
    let mut world = World::new(1);
    world.auto_deliver = false;
    let call = world.call(0, 1, CHAT_1S);
    world.run(secs(2));
    assert!(ok(&world.only(call), 1));
    assert!(!world.log.iter().any(|line| line.contains("\"ack\"")));
    world.shims[0].delivered(call);
    world.run(secs(1));
    assert!(world.log.iter().any(|line| line.contains("\"ack\"")));
}

#[test]
fn pure_calls_leave_nothing_behind() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"version"}"#);
    world.run(secs(1));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, .. }));
    assert!(world.billed.is_empty());
    assert!(!world.log.iter().any(|line| line.contains("\"accepted\"")));
}

#[test]
fn a_killed_daemon_costs_a_pause_and_a_stated_attempt() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(3));
    world.kill_daemon();
    world.run(secs(2));
    world.start_daemon();
    world.run(secs(11));
    assert!(ok(&world.only(call), 2), "the second attempt is counted on");
    assert_eq!(world.billed(call), 2);
}

#[test]
fn an_effect_is_never_rerun_after_its_journal_is_lost() {
    let mut world = World::new(1);
    let call = world.call(0, 1, WRITE_10S);
    world.run(secs(3));
    world.kill_daemon();
    world.start_daemon();
    world.run(secs(20));
    let Seen::Result { outcome: Outcome::OutcomeUnknown, body, .. } = world.only(call) else {
        panic!("unknown")
    };
    assert!(body.contains("can't be known"));
    assert_eq!(world.billed(call), 1);
}

#[test]
fn a_call_is_never_billed_more_than_three_times() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    for _ in 0..4 {
        world.run(secs(3));
        world.kill_daemon();
        world.start_daemon();
    }
    world.run(secs(30));
    assert_eq!(world.billed(call), 3);
    assert_eq!(world.denied, [AttemptDenied::Exhausted]);
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Error, attempts: 3, .. }));
}

#[test]
fn an_attempt_that_cost_nothing_goes_to_another_provider_under_its_own_number() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(ms(500));
    world.attempt(call, Some(1), ("other", "m2"));
    world.run(secs(12));
    assert_eq!(world.billed, [(call, 1), (call, 1)]);
    assert!(ok(&world.only(call), 1), "one attempt is stated: {:?}", world.only(call));
    let started = |line: &&String| line.contains(" < ") && line.contains("\"started\"");
    let told: Vec<_> = world.log.iter().filter(started).collect();
    assert!(
        matches!(told.as_slice(), [first, second] if first.contains("m1") && second.contains("other")),
        "{told:?}"
    );
}

#[test]
fn a_number_that_is_not_the_last_granted_counts_as_none() {
    for class in [CHAT_10S, WRITE_10S] {
        let mut world = World::new(1);
        let call = world.call(0, 1, class);
        world.run(ms(500));
        let now = world.now;
        for unused in [0, 2] {
            world.daemon.as_mut().unwrap().attempt(now, call, Some(unused), ("other", "m2"), 0);
            world.settle();
        }
        let more = if class == CHAT_10S { vec![(call, 1), (call, 2), (call, 2)] } else { vec![(call, 1)] };
        assert_eq!(world.billed, more);
    }
}

#[test]
fn a_reset_connection_is_resumed_and_nothing_runs_twice() {
    let mut world = World::new(2);
    let calls = [world.call(0, 1, CHAT_10S), world.call(1, 2, CHAT_10S)];
    world.run(secs(2));
    world.partitioned = true;
    world.run(ms(100));
    world.partitioned = false;
    world.run(secs(12));
    for call in calls {
        assert!(ok(&world.only(call), 1));
        assert_eq!(world.billed(call), 1);
    }
}

#[test]
fn packets_dropped_in_silence_cost_at_most_eight_seconds_and_the_reconnect() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_1S);
    world.run(ms(500));
    let begin = world.now;
    world.partitioned = true;
    world.run(secs(7));
    world.partitioned = false;
    world.run_until("the answer", |world| world.answered(call));
    assert!(world.now - begin < secs(9), "{:?}", world.now - begin);
    assert!(matches!(world.only(call), Seen::Result { replayed: true, attempts: 1, .. }));
}

#[test]
fn a_stopped_daemon_is_left_and_its_calls_are_found_again_when_it_goes_on() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(2));
    world.frozen = true;
    world.run(secs(9));
    assert!(matches!(world.shims[0].link(), Link::Down { .. }));
    world.run(secs(21));
    world.thaw();
    world.run(secs(15));
    assert!(ok(&world.only(call), 1));
    assert_eq!(world.billed(call), 1);
}

#[test]
fn calls_wait_for_a_daemon_that_is_not_there_yet() {
    let mut world = World::new(1);
    world.kill_daemon();
    let call = world.call(0, 1, CHAT_1S);
    world.run(secs(30));
    assert!(!world.answered(call));
    world.start_daemon();
    let begin = world.now;
    world.run_until("the answer", |world| world.answered(call));
    assert!(world.now - begin < ms(1200), "dialled within 120 ms: {:?}", world.now - begin);
}

#[test]
fn a_call_that_is_not_held_any_longer_says_what_was_the_matter() {
    let mut world = World::new(1);
    world.kill_daemon();
    let call = world.call_with(0, 1, CHAT_1S, |call| call.hold = Some(secs(50)));
    world.run(secs(49));
    assert!(!world.answered(call));
    world.run(secs(2));
    let why = EndWhy::OutOfReach("connection refused".into());
    assert_eq!(world.only(call), Seen::End { why, fate: Fate::NotSent });
}

#[test]
fn at_its_deadline_a_call_is_answered_whatever_its_state() {
    let mut world = World::new(1);
    let deadline = world.now + secs(5);
    let running = world.call_with(0, 1, CHAT_10S, |call| call.deadline = deadline);
    world.run(secs(2));
    world.kill_daemon();
    world.run(ms(10));
    let held = world.call_with(0, 2, CHAT_10S, |call| call.deadline = deadline);
    world.run(secs(4));
    assert_eq!(world.only(running), Seen::End { why: EndWhy::Deadline, fate: Fate::Accepted });
    assert_eq!(world.only(held), Seen::End { why: EndWhy::Deadline, fate: Fate::NotSent });
    assert_eq!(world.shims[0].open_calls(), 0);
}

#[test]
fn a_host_that_would_give_up_is_answered_and_the_call_can_be_joined_later() {
    let mut world = World::new(2);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(5));
    assert_eq!(world.shims[0].past(call).unwrap().fate(), Fate::Accepted);
    let now = world.now;
    world.shims[0].detach(now, call);
    world.run(secs(1));
    let (now, deadline) = (world.now, world.now + secs(60));
    world.shims[1].attach(now, call, deadline, None).unwrap();
    world.run(secs(6));
    assert!(ok(&world.only(call), 1));
    assert_eq!(world.billed(call), 1);
}

#[test]
fn joining_a_call_that_nobody_knows_is_refused() {
    let mut world = World::new(1);
    let (now, deadline) = (world.now, world.now + secs(60));
    world.shims[0].attach(now, call_id(7), deadline, None).unwrap();
    world.run(secs(1));
    assert!(matches!(world.only(call_id(7)), Seen::End { why: EndWhy::Refused(..), fate: Fate::NotSent }));
}

#[test]
fn after_a_cancel_nothing_is_said_and_the_provider_is_left() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    let now = world.now;
    world.shims[0].cancel(now, call, "user");
    world.run(secs(20));
    assert!(!world.answered(call));
    assert_eq!(world.aborted, [call]);
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 0);
    assert_eq!(world.shims[0].open_calls(), 0);
}

#[test]
fn a_cancel_during_an_outage_is_told_after_it() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    world.kill_daemon();
    let now = world.now;
    world.shims[0].cancel(now, call, "user");
    world.run(secs(1));
    world.start_daemon();
    world.run(secs(20));
    assert!(!world.answered(call));
    assert_eq!(world.billed(call), 1, "it never ran again");
}

#[test]
fn the_same_id_with_another_payload_is_refused() {
    let mut world = World::new(2);
    let first = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    world.call_with(1, 1, CHAT_10S, |call| call.fingerprint = exai_wire::Fingerprint::from_bytes([0; 16]));
    world.run(secs(1));
    assert!(matches!(
        world.only(first),
        Seen::End { why: EndWhy::Refused(exai_wire::RefusedCode::KeyReused, _), .. }
    ));
    world.run(secs(10));
    assert_eq!(world.billed(first), 1);
}

#[test]
fn a_drain_lets_calls_finish_and_the_rest_run_on_after_the_restart() {
    let mut world = World::new(1);
    let short = world.call(0, 1, CHAT_1S);
    let long = world.call(0, 2, r#"{"name":"chat","ms":20000}"#);
    world.run(ms(500));
    world.drain();
    let late = world.call(0, 3, CHAT_1S);
    world.run(ms(9100));
    assert!(ok(&world.only(short), 1));
    assert!(!world.answered(late) && !world.answered(long));
    assert!(world.daemon.is_none(), "drained within 9 s");
    world.start_daemon();
    world.run(secs(30));
    assert!(ok(&world.only(late), 1));
    assert!(ok(&world.only(long), 2));
}

#[test]
fn a_call_that_needs_another_attempt_during_a_drain_is_left_to_the_next_daemon() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(ms(500));
    world.drain();
    let now = world.now;
    world.daemon.as_mut().unwrap().attempt(now, call, None, ("sim", "m2"), 0);
    world.run(secs(1));
    assert!(world.daemon.is_none() && !world.answered(call), "drained at once, with nothing to wait for");
    world.start_daemon();
    world.run(secs(12));
    assert!(ok(&world.only(call), 2));
}

#[test]
fn a_drain_costs_a_call_no_attempt_that_was_never_made() {
    let mut world = World::new(1);
    world.full = true;
    let call = world.call(0, 1, CHAT_1S);
    world.run(ms(500));
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 1);
    world.drain();
    world.run(secs(10));
    assert!(world.daemon.is_none() && !world.answered(call));
    world.full = false;
    world.start_daemon();
    world.run(secs(5));
    assert!(ok(&world.only(call), 1), "{:?}", world.only(call));
}

#[test]
fn a_silent_connection_is_doubted_before_it_is_given_up() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    world.frozen = true;
    world.run(ms(5500));
    assert_eq!(world.daemon.as_ref().unwrap().connections(), 2, "a second connection is dialled");
    assert!(matches!(world.shims[0].link(), Link::Up { .. }), "and the first is not lost yet");
    world.thaw();
    world.run(secs(10));
    assert!(ok(&world.only(call), 1));
    assert!(matches!(world.shims[0].link(), Link::Up { .. }));
}

#[test]
fn a_drain_with_nothing_in_flight_is_over_at_once() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_1S);
    world.run(secs(2));
    world.drain();
    world.run(ms(100));
    assert!(world.daemon.is_none());
    assert!(ok(&world.only(call), 1));
}

#[test]
fn an_effect_that_a_drain_cuts_has_an_unknown_outcome() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"write","ms":20000}"#);
    world.run(ms(500));
    world.drain();
    world.run(secs(10));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::OutcomeUnknown, .. }));
}

#[test]
fn a_failing_journal_refuses_and_the_call_runs_once_it_works_again() {
    let mut world = World::new(1);
    world.journal.store_mut().fail_with(Some(JournalError::Unavailable("disk full".into())));
    let call = world.call(0, 1, CHAT_1S);
    world.run(secs(5));
    assert!(!world.answered(call));
    assert_eq!(world.billed(call), 0);
    world.empty_disk();
    world.run(secs(5));
    assert!(ok(&world.only(call), 1));
}

#[test]
fn an_end_that_the_journal_refuses_is_kept_until_it_takes_it() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_1S);
    world.run(ms(500));
    world.fill_disk();
    world.run(secs(5));
    assert!(!world.answered(call));
    world.empty_disk();
    world.run(secs(3));
    assert!(ok(&world.only(call), 1));
    assert_eq!(world.billed(call), 1);
}

#[test]
fn too_many_calls_wait_their_turn() {
    let mut world = World::new(2);
    for n in 0..150 {
        world.call(usize::from(n % 2), n + 1, CHAT_1S);
    }
    world.run_until("all answers", |world| world.seen.len() == 150);
    assert!((0..150).all(|n| ok(&world.only(call_id(n + 1)), 1)));
}

#[test]
fn an_unknown_method_is_refused_with_the_daemons_sentence() {
    let mut world = World::new(1);
    let call = world.call_with(0, 1, "{}", |call| call.method = "resources/read".into());
    world.run(secs(1));
    let Seen::End { why: EndWhy::Refused(_, message), .. } = world.only(call) else { panic!("refused") };
    assert_eq!(message, "unknown method resources/read");
}

#[test]
fn a_wrong_token_answers_at_once_and_a_right_one_is_noticed_by_the_next_call() {
    let mut world = World::new(1);
    world.partitioned = true;
    let first = world.call(0, 1, CHAT_1S);
    let now = world.now;
    let refused = exai_session::ConnectError::Auth("the token does not match EXAI_WS_TOKEN".into());
    world.shims[0].connect_failed(now, exai_session::ConnNo(1), refused);
    world.run(ms(1));
    let Seen::End { why: EndWhy::Rejected(RejectCode::Auth, message), fate } = world.only(first) else {
        panic!("auth")
    };
    assert_eq!((message.as_str(), fate), ("the token does not match EXAI_WS_TOKEN", Fate::NotSent));
    world.partitioned = false;
    world.run(secs(3));
    let second = world.call(0, 2, CHAT_1S);
    world.run(secs(2));
    assert!(ok(&world.only(second), 1));
}

#[test]
fn a_shim_that_says_bye_or_stays_away_gets_no_new_attempts() {
    let mut world = World::new(1);
    world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    let now = world.now;
    world.shims[0].bye(now, "end of stdin");
    world.run(ms(50));
    let daemon = world.daemon.as_mut().unwrap();
    assert_eq!(daemon.sessions(), 0);
    assert_eq!(daemon.in_flight(), 1, "the attempt that runs may finish");
}

#[test]
fn a_thousand_dials_are_not_enough_to_give_up() {
    let mut world = World::new(1);
    world.kill_daemon();
    world.call(0, 1, CHAT_1S);
    world.run(secs(600));
    let Link::Down { dials, last_error, .. } = world.shims[0].link() else { panic!("down") };
    assert!(dials > 2000, "{dials}");
    assert_eq!(last_error, "connection refused");
}

#[test]
fn the_same_inputs_give_the_same_trace() {
    let trace = || {
        let mut world = World::new(3);
        for n in 0..9 {
            world.call(usize::from(n % 3), n + 1, CHAT_10S);
        }
        world.run(secs(3));
        world.kill_daemon();
        world.run(secs(2));
        world.start_daemon();
        world.run(secs(30));
        world.log
    };
    assert_eq!(trace(), trace());
}

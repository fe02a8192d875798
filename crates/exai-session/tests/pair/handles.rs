//! Calls that are left to the daemon and asked for again: by the same shim, by the next one, by one that only wants
//! them cancelled.

use exai_session::{EndWhy, Fate, NewCall, Past};
use exai_wire::{CallId, Outcome};

use crate::world::{Seen, World, call_id, ms, raw, secs};

const CHAT_10S: &str = r#"{"name":"chat","ms":10000}"#;

/// Leaves a call to the daemon; what is known of it.
fn leave(world: &mut World, shim: usize, call: CallId) -> Past {
    let past = world.shims[shim].past(call).unwrap();
    let now = world.now;
    world.shims[shim].detach(now, call);
    past
}

/// Asks for a call again, with its params.
fn again(world: &mut World, shim: usize, n: u8, past: Past) {
    let call = NewCall {
        call_id: call_id(n),
        method: "tools/call".into(),
        params: raw(CHAT_10S),
        fingerprint: exai_wire::Fingerprint::from_bytes([n; 16]),
        adopt_key: None,
        trace: None,
        deadline: world.now + secs(600),
        hold: None,
        past,
    };
    let now = world.now;
    world.shims[shim].call(now, call).unwrap();
}

fn is_ok(seen: &Seen, wanted: u32) -> bool {
    matches!(seen, Seen::Result { outcome: Outcome::Ok, attempts, .. } if *attempts == wanted)
}

#[test]
fn a_call_that_is_asked_for_again_is_joined_by_whichever_shim_asks() {
    for asker in [0, 1] {
        let mut world = World::new(2);
        let call = world.call(0, 1, CHAT_10S);
        world.run(secs(3));
        let past = leave(&mut world, 0, call);
        assert_eq!(past.fate(), Fate::Accepted);
        world.run(secs(1));
        again(&mut world, asker, 1, past);
        world.run(secs(10));
        assert!(is_ok(&world.only(call), 1));
        assert_eq!(world.billed(call), 1);
    }
}

#[test]
fn a_result_that_came_between_two_askings_is_delivered_to_the_second() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(3));
    let past = leave(&mut world, 0, call);
    world.run(secs(60));
    assert!(!world.answered(call));
    again(&mut world, 0, 1, past);
    world.run(secs(1));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, replayed: true, .. }));
    assert_eq!(world.billed(call), 1);
}

#[test]
fn a_daemon_that_was_killed_between_two_askings_runs_it_as_a_further_attempt() {
    let mut world = World::new(2);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(3));
    let past = leave(&mut world, 0, call);
    world.run(secs(1));
    world.kill_daemon();
    world.start_daemon();
    again(&mut world, 1, 1, past);
    world.run(secs(20));
    assert!(is_ok(&world.only(call), 2), "the first attempt is counted by a shim that never saw it");
}

#[test]
fn what_was_sent_to_a_daemon_that_lost_it_counts_as_an_attempt_although_none_was_heard_of() {
    let mut world = World::new(1);
    world.run(secs(1));
    let call = world.call(0, 1, CHAT_10S);
    world.run(ms(3));
    assert_eq!(world.shims[0].past(call).unwrap().fate(), Fate::Sent);
    let past = leave(&mut world, 0, call);
    world.kill_daemon();
    world.start_daemon();
    again(&mut world, 0, 1, past);
    world.run(secs(20));
    assert!(is_ok(&world.only(call), 2));
}

#[test]
fn a_detach_that_is_owed_does_not_take_the_answer_from_who_asked_again_meanwhile() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    world.partitioned = true;
    world.run(secs(20));
    let past = leave(&mut world, 0, call);
    again(&mut world, 0, 1, past);
    world.run(secs(1));
    world.partitioned = false;
    world.run(secs(20));
    assert!(is_ok(&world.only(call), 1));
}

#[test]
fn a_call_that_is_held_on_outlasts_the_hold() {
    let mut world = World::new(1);
    let call = world.call_with(0, 1, CHAT_10S, |call| call.hold = Some(secs(5)));
    world.run(secs(1));
    world.shims[0].hold_on(call);
    world.kill_daemon();
    world.run(secs(60));
    assert!(!world.answered(call));
    world.start_daemon();
    world.run(secs(20));
    assert!(is_ok(&world.only(call), 2));
}

#[test]
fn a_call_of_another_session_is_cancelled_at_once_or_after_the_outage() {
    for outage in [false, true] {
        let mut world = World::new(2);
        let call = world.call(0, 1, r#"{"name":"chat","ms":60000}"#);
        world.run(secs(3));
        leave(&mut world, 0, call);
        world.run(secs(1));
        if outage {
            world.partitioned = true;
        }
        let (now, deadline) = (world.now, world.now + secs(1200));
        world.shims[1].cancel_other(now, call, deadline, "task").unwrap();
        world.run(secs(3));
        assert_eq!(world.aborted.is_empty(), outage);
        world.partitioned = false;
        world.run(secs(60));
        assert_eq!(world.aborted, [call]);
        assert!(!world.answered(call));
        let again = world.log.iter().filter(|line| line.contains("shim 1 > {\"t\":\"cancel\"")).count();
        assert!((1..=2).contains(&again), "told until confirmed, and then no more");
    }
}

#[test]
fn a_cancel_of_a_call_that_was_to_be_joined_after_the_outage_is_told_after_it() {
    let mut world = World::new(2);
    let call = world.call(0, 1, r#"{"name":"chat","ms":60000}"#);
    world.run(secs(1));
    world.partitioned = true;
    let (now, deadline) = (world.now, world.now + secs(1200));
    world.shims[1].attach(now, call, deadline, None).unwrap();
    world.shims[1].cancel_other(now, call, deadline, "task").unwrap();
    assert!(world.shims[1].past(call).is_none());
    world.run(secs(1));
    world.partitioned = false;
    world.run(secs(30));
    assert_eq!(world.aborted, [call]);
}

#[test]
fn a_cancel_before_the_call_is_known_keeps_it_from_ever_running() {
    let mut world = World::new(2);
    let (now, deadline) = (world.now, world.now + secs(1200));
    world.shims[1].cancel_other(now, call_id(1), deadline, "task").unwrap();
    world.run(secs(1));
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(20));
    assert_eq!(world.billed(call), 0);
    assert!(!matches!(world.only(call), Seen::End { why: EndWhy::Deadline, .. }));
}

#[test]
fn who_has_joined_a_call_that_another_cancels_is_told_so() {
    let mut world = World::new(2);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    let (now, deadline) = (world.now, world.now + secs(1200));
    world.shims[1].cancel_other(now, call, deadline, "task").unwrap();
    assert!(world.shims[1].is_cancelled(call) && world.shims[1].past(call).is_none());
    world.run(secs(1));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Cancelled, .. }));
    assert!(!world.shims[1].is_cancelled(call), "confirmed");
}

//! Windows between losing a connection and having another.

use std::time::Duration;

use exai_session::{EndWhy, Fate};
use exai_wire::{CallId, Fingerprint, Outcome};

use crate::world::{Seen, World, ms, secs};

const CHAT_10S: &str = r#"{"name":"chat","ms":10000}"#;

/// Runs until the shim has said so many hellos, each of which still waits for its welcome then.
fn until_hello(world: &mut World, count: usize) {
    let hellos = |world: &World| world.log.iter().filter(|line| line.contains("> {\"t\":\"hello\"")).count();
    while hellos(world) < count {
        world.run(ms(1));
    }
}

#[test]
fn a_restart_does_not_end_a_call_that_has_run_longer_than_an_outage_may_last() {
    let mut world = World::new(1);
    let call = world.call_with(0, 1, r#"{"name":"chat","ms":100000}"#, |call| call.hold = Some(secs(50)));
    world.run(secs(80));
    world.kill_daemon();
    world.run(secs(40));
    assert!(!world.answered(call), "held for 50 s from the loss on");
    world.start_daemon();
    world.run(secs(110));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
}

#[test]
fn an_outage_longer_than_a_call_is_held_ends_it() {
    let mut world = World::new(1);
    let call = world.call_with(0, 1, CHAT_10S, |call| call.hold = Some(secs(50)));
    world.run(secs(5));
    world.kill_daemon();
    world.run(secs(49));
    assert!(!world.answered(call));
    world.run(secs(2));
    assert!(matches!(world.only(call), Seen::End { why: EndWhy::OutOfReach(_), fate: Fate::Accepted }));
}

#[test]
fn a_cancel_between_hello_and_welcome_is_not_lost() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    world.reset_connections();
    until_hello(&mut world, 2);
    let now = world.now;
    world.shims[0].cancel(now, call, "user");
    world.run(secs(1));
    assert_eq!(world.aborted, [call]);
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 0);
    world.run(secs(20));
    assert!(!world.answered(call));
}

#[test]
fn a_cancel_during_an_outage_survives_a_rejection() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"chat","ms":60000}"#);
    world.run(secs(1));
    world.auth_failures = 1;
    world.reset_connections();
    world.run(ms(2));
    let now = world.now;
    world.shims[0].cancel(now, call, "user");
    world.run(secs(30));
    assert_eq!(world.aborted, [call]);
    assert!(!world.answered(call));
}

#[test]
fn a_daemon_that_throws_the_shim_out_again_and_again_is_not_dialled_without_pause() {
    let mut world = World::new(1);
    world.call(0, 1, r#"{"name":"chat","ms":600000}"#);
    let end = world.now + secs(10);
    let mut resets = 0;
    while world.now < end {
        until_hello(&mut world, resets + 1);
        world.run(ms(2));
        world.reset_connections();
        resets += 1;
    }
    assert!(resets < 150, "{resets} dials in 10 s");
}

#[test]
fn a_detach_that_was_lost_with_its_connection_holds_after_the_next_welcome() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    world.partitioned = true;
    world.run(secs(4));
    let now = world.now;
    world.shims[0].detach(now, call);
    world.run(secs(2));
    world.partitioned = false;
    world.run(secs(20));
    assert!(!world.answered(call));
    let results = world.log.iter().filter(|line| line.contains("< {\"t\":\"result\"")).count();
    assert_eq!(results, 0, "nobody waits for it any more");
}

#[test]
fn a_broken_daemon_cannot_ask_for_silence() {
    let mut world = World::new(1);
    world.call(0, 1, CHAT_10S);
    world.run(secs(1));
    let goaway = r#"{"t":"goaway","reason":"x","grace_ms":0,"retry_after_ms":86400000,"spread_ms":0}"#;
    let now = world.now;
    world.shims[0].frame(now, exai_session::ConnNo(1), goaway);
    world.reset_connections();
    world.run(secs(61));
    assert!(
        matches!(world.shims[0].link(), exai_session::Link::Up { .. }),
        "dialled after a minute at the latest"
    );
}

#[test]
fn a_call_past_its_time_is_given_up_by_the_daemon_before_the_shim_does() {
    let mut world = World::new(1);
    let deadline = world.now + secs(5);
    let call = world.call_with(0, 1, CHAT_10S, |call| call.deadline = deadline);
    world.run(ms(4400));
    assert!(world.aborted.is_empty());
    world.run(ms(400));
    assert_eq!(world.aborted, [call], "half a second before the deadline of the host");
}

/// So many calls, over eight sessions, whose provider says nothing for so long: no connection is given up for that.
fn nothing_is_given_up(calls: u32, silence: Duration) {
    let mut world = World::new(8);
    world.kill_daemon();
    world.calls_max = 2000;
    world.start_daemon();
    let deadline = world.now + 2 * silence;
    let params = format!(r#"{{"name":"chat","ms":{}}}"#, silence.as_millis());
    let calls: Vec<CallId> = (0..calls)
        .map(|n| {
            let mut id = [7; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            world.call_with(n as usize % 8, 0, &params, |call| {
                (call.call_id, call.fingerprint) = (CallId::from_bytes(id), Fingerprint::from_bytes(id));
                (call.deadline, call.hold) = (deadline, Some(secs(50)));
            });
            CallId::from_bytes(id)
        })
        .collect();
    world.run(secs(60));
    assert_eq!(world.billed.len(), calls.len().min(8 * 64));
    let links = world.pairs.clone();
    world.run(silence - secs(60));
    assert!(!calls.iter().any(|call| world.answered(*call)));
    world.run(silence / 2);
    for call in calls.iter().take(8 * 64) {
        assert!(matches!(world.only(*call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
    }
    assert_eq!((world.pairs, world.closes), (links, 0), "no connection was given up");
}

#[test]
fn a_thousand_calls_that_stall_are_no_reason_to_give_up_a_daemon() {
    nothing_is_given_up(1000, secs(180));
}

#[test]
fn six_hours_of_silence_are_no_reason_to_give_up_a_daemon() {
    nothing_is_given_up(8, secs(6 * 3600));
}

//! The time in which a record is on its way to the disk: whatever else happens then.

use exai_journal::{JournalError, Pace};
use exai_session::Finished;
use exai_wire::{AdoptKey, CallId, Outcome};

use crate::world::{Seen, World, ms, raw, secs};

const CHAT: &str = r#"{"name":"chat","ms":1000}"#;

/// A world whose disk takes records when it is told to, with sessions that are open.
fn world(shims: u8) -> World {
    let mut world = World::new(usize::from(shims));
    world.kill_daemon();
    world.pace = Pace::AtSync;
    world.restart_daemon();
    for shim in 0..shims {
        world.call(usize::from(shim), 90 + shim, r#"{"name":"version"}"#);
    }
    world.run(secs(3));
    world
}

/// The same question each time.
fn ask(world: &mut World, shim: usize, n: u8, params: &str) -> CallId {
    world.call_with(shim, n, params, |call| call.adopt_key = Some(AdoptKey::from_bytes([5; 16])))
}

fn bye(world: &mut World, shim: usize) {
    let now = world.now;
    world.shims[shim].bye(now, "end of stdin");
    world.settle();
}

/// So many tenths of a second with a disk that works.
fn go_on(world: &mut World, tenths: u32) {
    for _ in 0..tenths {
        world.run(ms(100));
        world.sync();
    }
}

#[test]
fn a_session_whose_hello_waits_for_a_hanging_disk_does_not_expire() {
    for tenths in [150, 195, 200, 205, 210, 215, 230] {
        let mut world = world(1);
        let call = world.call(0, 1, CHAT);
        world.run(ms(1));
        world.reset_connections();
        world.run(ms(100 * tenths));
        go_on(&mut world, 300);
        let next = world.call(0, 2, CHAT);
        go_on(&mut world, 300);
        assert!(world.answered(call) && world.answered(next), "after {tenths} tenths of a second");
    }
}

#[test]
fn a_call_that_is_left_before_it_is_durable_is_not_called_known_and_leaves_nothing_behind_that_refuses_others()
 {
    let mut world = world(2);
    world.full = true;
    let now = world.now;
    let call = world.call_with(0, 1, CHAT, |call| call.deadline = now + ms(50));
    world.run(ms(1));
    bye(&mut world, 0);
    world.run(secs(20));
    world.attempt(call, None, ("sim", "m1"));
    world.run(secs(1));
    world.fill_disk();
    world.sync();
    world.empty_disk();
    go_on(&mut world, 300);
    assert_eq!(world.daemon.as_ref().unwrap().strain(), None);
    world.full = false;
    let other = world.call(1, 2, CHAT);
    go_on(&mut world, 100);
    assert!(world.answered(other));
}

#[test]
fn a_call_is_known_once_it_is_durable() {
    let mut world = world(1);
    world.full = true;
    let call = world.call(0, 1, CHAT);
    world.run(ms(3));
    world.reset_connections();
    world.partitioned = true;
    // Its session is gone for more than 20 s.
    world.run(secs(45));
    world.attempt(call, None, ("sim", "m1"));
    world.partitioned = false;
    world.run(secs(5));
    let welcomes = world.log.iter().filter(|line| line.contains("< {\"t\":\"welcome\""));
    assert!(!welcomes.clone().any(|line| line.contains("\"known\":true")), "{:?}", welcomes.count());
    world.full = false;
    go_on(&mut world, 50);
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
}

#[test]
fn a_cancel_of_a_call_that_was_to_take_over_an_answer_leaves_that_to_others() {
    let mut world = world(3);
    let first = ask(&mut world, 0, 1, CHAT);
    world.run(ms(1));
    world.sync();
    world.run(ms(500));
    bye(&mut world, 0);
    go_on(&mut world, 20);
    let again = ask(&mut world, 1, 2, CHAT);
    world.run(ms(1));
    let now = world.now;
    world.shims[1].cancel(now, again, "no more");
    world.settle();
    world.run(ms(1));
    go_on(&mut world, 20);
    let third = ask(&mut world, 2, 3, CHAT);
    go_on(&mut world, 50);
    assert_eq!((world.billed(first), world.billed(third), world.answered(third)), (1, 0, true));
}

#[test]
fn a_call_that_was_to_take_over_an_answer_and_was_left_past_its_deadline_leaves_that_to_others() {
    let mut world = World::new(3);
    world.run(secs(30));
    let long = r#"{"name":"chat","ms":30000}"#;
    let first = ask(&mut world, 0, 1, long);
    world.run(secs(4));
    bye(&mut world, 0);
    world.run(ms(10));
    let deadline = world.now + secs(20);
    let again = world.call_with(1, 2, long, |call| {
        call.adopt_key = Some(AdoptKey::from_bytes([5; 16]));
        call.deadline = deadline;
    });
    world.run(secs(2));
    bye(&mut world, 1);
    world.run(secs(60));
    let third = ask(&mut world, 2, 3, long);
    world.run(secs(60));
    assert_eq!((world.billed(first), world.billed(again), world.billed(third)), (1, 0, 0));
    assert!(world.answered(third));
}

#[test]
fn a_call_whose_host_goes_before_it_is_promised_keeps_no_place() {
    let mut world = world(1);
    world.full = true;
    let call = world.call(0, 1, CHAT);
    world.run(ms(1));
    bye(&mut world, 0);
    world.run(ms(5));
    world.sync();
    world.run(ms(5));
    assert!(!world.running.contains_key(&call), "with the executor, for nobody");
}

#[test]
fn a_start_that_becomes_durable_when_its_host_has_gone_is_not_made() {
    let mut world = world(1);
    let call = world.call(0, 1, CHAT);
    world.run(ms(1));
    bye(&mut world, 0);
    go_on(&mut world, 20);
    assert_eq!((world.billed(call), world.running.contains_key(&call)), (0, false));
}

#[test]
fn an_end_before_the_promise_goes_before_the_attempt_that_was_asked_for() {
    let mut world = world(1);
    world.full = true;
    let call = world.call(0, 1, CHAT);
    world.run(ms(1));
    world.attempt(call, None, ("sim", "m1"));
    let now = world.now;
    let finished = Finished { outcome: Outcome::Error, body: raw("{}"), turn: None, spent: None };
    world.daemon.as_mut().unwrap().finished(now, call, finished);
    world.settle();
    go_on(&mut world, 10);
    assert_eq!(world.billed(call), 0);
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Error, .. }));
}

#[test]
fn a_drain_whose_steps_fall_anywhere_around_a_commit_pays_twice_at_most_and_loses_nothing() {
    for offset in (0..40).step_by(3) {
        let mut world = world(1);
        let call = world.call(0, 1, CHAT);
        world.run(ms(1));
        world.drain();
        world.run(ms(7990 + offset));
        world.sync();
        world.run(secs(2));
        world.pace = Pace::AtOnce;
        world.crash();
        world.run(secs(20));
        assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, .. }), "{offset} ms");
        assert!(world.billed(call) <= 2, "{offset} ms: {:?}", world.billed);
    }
}

#[test]
fn a_hello_that_waited_for_the_disk_is_told_of_a_drain() {
    let mut world = world(1);
    world.call(0, 1, r#"{"name":"chat","ms":20000}"#);
    world.run(ms(1));
    world.reset_connections();
    world.run(ms(500));
    world.drain();
    world.run(ms(10));
    world.sync();
    world.run(ms(100));
    assert!(world.log.iter().any(|line| line.contains("< {\"t\":\"goaway\"")), "{}", world.log.join("\n"));
}

#[test]
fn a_journal_that_another_daemon_has_by_now_pays_for_nothing() {
    let mut world = world(1);
    let call = world.call(0, 1, CHAT);
    world.run(ms(1));
    world.journal.store_mut().fail_with(Some(JournalError::Usurped));
    world.sync();
    go_on(&mut world, 20);
    assert_eq!(world.billed(call), 0);
    world.pace = Pace::AtOnce;
    world.crash();
    world.run(secs(10));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
}

#[test]
fn who_asks_the_same_while_the_first_is_not_promised_yet_gets_its_answer() {
    let mut world = world(2);
    world.full = true;
    let first = ask(&mut world, 0, 1, CHAT);
    world.run(ms(1));
    bye(&mut world, 0);
    let again = ask(&mut world, 1, 2, CHAT);
    world.run(ms(1));
    world.full = false;
    world.attempt(first, None, ("sim", "m1"));
    go_on(&mut world, 60);
    assert!(matches!(world.only(again), Seen::Result { outcome: Outcome::Ok, .. }));
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn what_is_brought_again_after_a_refused_promise_does_not_meet_the_first_try() {
    let mut world = world(1);
    let call = world.call(0, 1, CHAT);
    world.run(ms(1));
    world.fill_disk();
    world.sync();
    world.empty_disk();
    // The first run is not through yet, and asks.
    world.attempt(call, None, ("sim", "m1"));
    go_on(&mut world, 40);
    assert_eq!(world.billed(call), 1, "{:?}", world.denied);
    let starts = world.disk.1.rows().iter().filter(|row| row.kind == exai_journal::Kind::Started).count();
    assert_eq!(starts, 1);
}

#[test]
fn two_attempts_are_never_granted_for_one() {
    let mut world = world(1);
    let call = world.call(0, 1, CHAT);
    world.run(ms(1));
    world.attempt(call, None, ("sim", "m1"));
    world.attempt(call, None, ("sim", "m1"));
    go_on(&mut world, 40);
    assert!(world.billed(call) <= 1, "{:?}", world.billed);
}

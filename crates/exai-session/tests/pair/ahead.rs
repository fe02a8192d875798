//! The start of a first attempt shares the commit of its call where it can; nothing else changes by that.

use exai_journal::{JournalError, Pace};
use exai_session::Finished;
use exai_wire::{CallId, Outcome};

use crate::world::{Seen, World, ms, raw, secs};

const CHAT: &str = r#"{"name":"chat","ms":1000}"#;
const WRITE: &str = r#"{"name":"write","ms":1000}"#;

/// A world whose disk takes records when it is told to.
fn world() -> World {
    let mut world = World::new(1);
    world.kill_daemon();
    world.pace = Pace::AtSync;
    world.restart_daemon();
    let _connects = world.call(0, 99, r#"{"name":"version"}"#);
    world.run(secs(3));
    world
}

/// A call that the daemon has just read.
fn read(world: &mut World, params: &str) -> CallId {
    let call = world.call(0, 1, params);
    world.run(ms(1));
    call
}

fn waiting(world: &mut World) -> usize {
    world.journal.store_mut().waiting()
}

#[test]
fn where_a_place_is_free_a_call_and_its_start_are_one_commit() {
    let mut world = world();
    let call = read(&mut world, CHAT);
    assert_eq!((waiting(&mut world), world.billed(call)), (2, 0), "nothing is paid before both are durable");
    world.sync();
    assert_eq!(world.billed(call), 1);
    world.run(secs(1));
    world.sync();
    world.run(secs(1));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
}

#[test]
fn a_call_that_has_to_wait_for_its_place_is_promised_without() {
    let mut world = world();
    world.full = true;
    let call = read(&mut world, CHAT);
    assert_eq!(waiting(&mut world), 0);
    world.run(ms(2));
    assert_eq!(world.sync(), 1);
    world.run(ms(10));
    let now = world.now;
    world.daemon.as_mut().unwrap().attempt(now, call, None, ("sim", "m1"), 0);
    world.settle();
    assert_eq!((world.sync(), world.billed(call)), (1, 1));
}

#[test]
fn of_an_effect_nothing_begins_before_it_is_promised() {
    let mut world = world();
    let call = read(&mut world, WRITE);
    assert!(world.running.is_empty());
    assert_eq!(world.sync(), 1);
    assert_eq!((world.running.contains_key(&call), world.sync(), world.billed(call)), (true, 1, 1));
}

#[test]
fn a_call_that_could_not_be_promised_is_left_and_runs_when_there_is_room() {
    let mut world = world();
    let call = read(&mut world, CHAT);
    world.journal.store_mut().fail_with(Some(JournalError::Full("no space".into())));
    world.sync();
    assert_eq!((world.aborted.as_slice(), world.billed(call)), ([call].as_slice(), 0));
    world.journal.store_mut().fail_with(None);
    for _ in 0..50 {
        world.run(ms(100));
        world.sync();
    }
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
    assert_eq!(world.billed(call), 1);
}

#[test]
fn a_cancel_of_a_call_that_is_not_promised_yet_keeps_its_attempt_from_beginning() {
    let mut world = world();
    world.full = true;
    let call = read(&mut world, CHAT);
    let now = world.now;
    world.shims[0].cancel(now, call, "no more");
    world.settle();
    world.run(ms(1));
    // Too late: it is about to be cancelled.
    let now = world.now;
    world.daemon.as_mut().unwrap().attempt(now, call, None, ("sim", "m1"), 0);
    world.settle();
    for _ in 0..5 {
        world.run(ms(100));
        world.sync();
    }
    assert_eq!((world.billed(call), world.aborted.as_slice()), (0, [call].as_slice()));
}

#[test]
fn a_call_that_ends_without_an_attempt_is_answered_once_it_was_promised() {
    let mut world = world();
    world.full = true;
    let call = read(&mut world, CHAT);
    let now = world.now;
    let finished = Finished { outcome: Outcome::Error, body: raw("{}"), turn: None, spent: None };
    world.daemon.as_mut().unwrap().finished(now, call, finished);
    world.settle();
    assert_eq!(world.sync(), 1, "the promise");
    assert_eq!(world.sync(), 1, "the end");
    world.run(ms(10));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Error, attempts: 0, .. }));
}

#[test]
fn a_crash_before_both_are_durable_costs_nothing() {
    let mut world = world();
    let call = read(&mut world, CHAT);
    world.kill_daemon();
    world.pace = Pace::AtOnce;
    world.restart_daemon();
    world.run(secs(10));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
    assert_eq!(world.billed(call), 1);
}

//! Calls whose host went, gave up or came back in the middle of something else.

use exai_session::{AttemptFate, Link};
use exai_wire::{AdoptKey, CallId, Outcome};

use crate::world::{CHAT, Seen, World, ms, secs};

const LONG: &str = r#"{"name":"chat","ms":20000}"#;

/// The same question, for so many seconds.
fn ask(world: &mut World, shim: usize, n: u8, seconds: u64) -> CallId {
    let deadline = world.now + secs(seconds);
    world.call_with(shim, n, CHAT, |call| {
        call.adopt_key = Some(AdoptKey::from_bytes([5; 16]));
        call.deadline = deadline;
    })
}

fn leave(world: &mut World, shim: usize) {
    let now = world.now;
    world.shims[shim].bye(now, "stdin closed");
    world.run(ms(10));
}

fn detach(world: &mut World, call: CallId) {
    let now = world.now;
    world.shims[0].detach(now, call);
}

fn lose_connection(world: &mut World) {
    world.reset_connections();
    world.run_until("lost", |world| !matches!(world.shims[0].link(), Link::Up { .. }));
}

fn outcome(world: &World, call: CallId) -> Option<Outcome> {
    world.daemon.as_ref().unwrap().call_head(call)?.outcome
}

#[test]
fn two_drains_cut_one_attempt_once() {
    let mut world = World::new(1);
    let call = world.call(0, 1, LONG);
    world.run(secs(3));
    world.drain();
    world.run(ms(9500));
    world.full = true;
    world.restart_daemon();
    world.run(secs(3));
    world.drain();
    world.run(ms(9500));
    world.full = false;
    world.restart_daemon();
    world.run(secs(40));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
}

#[test]
fn a_follower_of_a_follower_wakes_the_first() {
    let mut world = World::new(3);
    world.full = true;
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    leave(&mut world, 0);
    ask(&mut world, 1, 2, 100);
    world.run(secs(1));
    leave(&mut world, 1);
    world.full = false;
    let third = ask(&mut world, 2, 3, 1200);
    world.run(secs(60));
    assert!(matches!(world.only(third), Seen::Result { outcome: Outcome::Ok, .. }));
    assert_eq!(world.billed(first), 1);
}

#[test]
fn who_ran_out_of_time_behind_another_gets_its_answer_by_asking_again() {
    let mut world = World::new(2);
    ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    leave(&mut world, 0);
    let second = ask(&mut world, 1, 2, 6);
    world.run(secs(6));
    assert!(world.answered(second));
    let third = ask(&mut world, 1, 3, 1200);
    world.run(secs(20));
    assert!(matches!(world.only(third), Seen::Result { outcome: Outcome::Ok, .. }));
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn a_cancelled_follower_leaves_a_call_alone_whose_host_holds_a_handle() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    detach(&mut world, first);
    world.run(secs(1));
    let second = ask(&mut world, 0, 2, 1200);
    world.run(secs(1));
    let now = world.now;
    world.shims[0].cancel(now, second, "user");
    world.run(secs(12));
    assert_eq!(outcome(&world, first), Some(Outcome::Ok));
}

#[test]
fn a_detach_that_crosses_the_result_leaves_it_to_who_asks_again() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run_until("the end", |world| outcome(world, first).is_some());
    if !world.answered(first) {
        detach(&mut world, first);
    }
    world.run(secs(1));
    ask(&mut world, 0, 2, 1200);
    world.run(secs(15));
    assert!(world.answered(first) || world.billed.len() == 1);
}

#[test]
fn a_detach_in_an_outage_is_heard_after_it() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(2));
    lose_connection(&mut world);
    detach(&mut world, first);
    world.run(secs(3));
    assert!(world.daemon.as_ref().unwrap().call_head(first).unwrap().detached);
    ask(&mut world, 0, 2, 1200);
    world.run(secs(15));
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn a_detach_that_was_lost_is_understood() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(2));
    world.partitioned = true;
    detach(&mut world, first);
    world.run(ms(500));
    world.pairs.clear();
    world.run(secs(6));
    world.partitioned = false;
    world.run(secs(4));
    assert!(world.daemon.as_ref().unwrap().call_head(first).unwrap().detached);
}

#[test]
fn a_call_whose_detach_came_late_goes_on_after_a_crash() {
    let mut world = World::new(1);
    let first = world.call(0, 1, LONG);
    world.run(secs(2));
    lose_connection(&mut world);
    detach(&mut world, first);
    world.run(secs(3));
    world.crash();
    world.run(secs(30));
    assert_eq!(outcome(&world, first), Some(Outcome::Ok));
}

#[test]
fn nobody_waits_for_a_question_that_is_considered() {
    let mut world = World::new(2);
    let other = world.call(1, 9, r#"{"name":"chat","ms":3000}"#);
    ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    let now = world.now;
    let lost: Vec<_> = world.pairs.iter().filter(|(shim, ..)| *shim == 0).map(|(.., peer)| *peer).collect();
    world.pairs.retain(|(shim, ..)| *shim != 0);
    for peer in lost {
        world.daemon.as_mut().unwrap().closed(now, peer);
    }
    world.dead.insert(0);
    ask(&mut world, 1, 2, 1200);
    world.run(ms(50));
    world.reset_connections();
    world.run(ms(5));
    let begin = world.now;
    world.run_until("the other answer", |world| world.answered(other));
    assert!(world.now - begin < secs(3), "{:?}", world.now - begin);
}

/// A call with some text, whose host has gone, and whose attempt has failed since.
fn left_with_text(world: &mut World, seconds: u64) -> CallId {
    let call = ask(world, 0, 1, seconds);
    world.run(secs(1));
    world.daemon.as_mut().unwrap().partial(call, 1, 0, "a text that was paid for".into());
    world.settle();
    leave(world, 0);
    world.attempt(call, None, ("sim", "m1"));
    call
}

#[test]
fn text_of_a_call_that_nobody_came_for_is_kept_with_its_end() {
    let mut world = World::new(2);
    let call = left_with_text(&mut world, 60);
    world.run(secs(70));
    let (now, deadline) = (world.now, world.now + secs(100));
    world.shims[1].attach(now, call, deadline, None).unwrap();
    world.run(secs(2));
    // The shim that left had a deadline of its own.
    let Some(Seen::Result { body, .. }) = world.seen[&call].last() else { panic!("a result") };
    assert!(body.contains("a text that was paid for") && body.contains("broken off"), "{body}");
    assert_eq!(world.billed(call), 1);
}

#[test]
fn text_of_a_call_that_was_left_is_there_for_who_comes() {
    let mut world = World::new(2);
    let call = left_with_text(&mut world, 600);
    ask(&mut world, 1, 2, 600);
    world.run(secs(2));
    let (before, text) = &world.told[&call];
    assert_eq!(text.as_deref(), Some("a text that was paid for"));
    assert!(matches!(before.as_slice(), [one] if one.fate == AttemptFate::Left), "{before:?}");
}

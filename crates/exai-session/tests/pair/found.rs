//! What the simulation of the whole has found: each case once more, by itself.

use exai_journal::{ModelStore, Pace};
use exai_session::{AttemptDenied, EndWhy, Fate, Link};
use exai_wire::{AdoptKey, CallId, Outcome, RefusedCode};

use crate::world::{CHAT, Seen, WRITE, World, ms, secs};

const WRITE_1S: &str = r#"{"name":"write","ms":1000}"#;

impl World {
    fn ask_as(&mut self, shim: usize, n: u8, params: &str) -> CallId {
        self.call_with(shim, n, params, |call| call.adopt_key = Some(AdoptKey::from_bytes([7; 16])))
    }

    fn bye(&mut self, shim: usize) {
        let now = self.now;
        self.shims[shim].bye(now, "stdin closed");
        self.run(ms(10));
    }

    /// The daemon alone finds the connection of this shim lost.
    fn lose_at_daemon(&mut self, shim: usize) {
        let now = self.now;
        let (.., peer) = *self.pairs.iter().find(|(of, ..)| *of == shim).unwrap();
        self.pairs.retain(|(.., other)| *other != peer);
        self.daemon.as_mut().unwrap().closed(now, peer);
    }

    fn is_answered_by(&self, call: CallId, from: CallId) -> bool {
        matches!(self.only(call), Seen::Result { outcome: Outcome::Ok, body, .. } if body.contains(&from.to_string()))
    }
}

#[test]
fn an_effect_whose_detach_was_lost_with_its_connection_is_not_repeated() {
    let mut world = World::new(1);
    let first = world.ask_as(0, 1, WRITE);
    world.run(secs(2));
    world.partitioned = true;
    let now = world.now;
    world.shims[0].detach(now, first);
    world.run(ms(100));
    world.partitioned = false;
    world.reset_connections();
    world.run(secs(1));
    let again = world.ask_as(0, 2, WRITE);
    world.run(secs(12));
    assert!(world.is_answered_by(again, first));
    assert_eq!((world.billed(first), world.billed(again)), (1, 0));
}

#[test]
fn an_effect_that_ended_before_its_detach_came_is_not_repeated() {
    let mut world = World::new(1);
    let first = world.ask_as(0, 1, WRITE_1S);
    world.run(ms(900));
    world.partitioned = true;
    world.run(secs(1));
    world.partitioned = false;
    let now = world.now;
    world.shims[0].detach(now, first);
    world.run(ms(100));
    let again = world.ask_as(0, 2, WRITE_1S);
    world.run(secs(2));
    assert!(world.is_answered_by(again, first));
    assert_eq!((world.billed(first), world.billed(again)), (1, 0));
}

#[test]
fn an_answer_that_somebody_came_back_for_is_his() {
    for comes_back_after in [secs(1), secs(12)] {
        let mut world = World::new(2);
        let first = world.ask_as(0, 1, CHAT);
        world.run(secs(2));
        let now = world.now;
        world.shims[0].detach(now, first);
        world.run(comes_back_after);
        world.auto_deliver = false;
        let (now, deadline) = (world.now, world.now + secs(60));
        world.shims[0].attach(now, first, deadline, None).unwrap();
        world.run(secs(12));
        assert!(world.is_answered_by(first, first));
        let again = world.ask_as(1, 2, CHAT);
        world.run(secs(12));
        assert!(world.is_answered_by(again, again), "his host is about to read it");
    }
}

#[test]
fn a_call_that_is_followed_goes_on_when_its_start_can_be_kept_again() {
    let mut world = World::new(2);
    world.full = true;
    let first = world.ask_as(0, 1, CHAT);
    world.run(secs(1));
    world.bye(0);
    world.full = false;
    let again = world.ask_as(1, 2, CHAT);
    world.fill_disk();
    world.run(secs(3));
    world.empty_disk();
    world.run(secs(2));
    world.fill_disk();
    world.attempt(first, Some(1), ("sim", "m2"));
    world.run(secs(5));
    world.empty_disk();
    world.run(secs(15));
    assert!(world.is_answered_by(again, first));
}

#[test]
fn nothing_is_paid_for_who_asked_again_and_left_before_it_was_clear() {
    let mut world = World::new(2);
    let first = world.ask_as(0, 1, CHAT);
    world.run(secs(2));
    world.dead.insert(0);
    world.pairs.retain(|(shim, ..)| *shim != 0);
    world.crash();
    let again = world.ask_as(1, 2, CHAT);
    world.run(secs(1));
    world.bye(1);
    world.run(secs(60));
    assert_eq!((world.billed(first), world.billed(again)), (1, 0));
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 0, "and they take no place of others");
}

#[test]
fn who_waits_for_another_calls_answer_leaves_its_place_with_its_session() {
    let mut world = World::new(2);
    world.full = true;
    let first = world.ask_as(0, 1, CHAT);
    world.run(secs(1));
    world.bye(0);
    let again = world.ask_as(1, 2, CHAT);
    world.run(secs(1));
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 2);
    world.partitioned = true;
    world.run(secs(45));
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 0);
    (world.full, world.partitioned) = (false, false);
    world.run(secs(20));
    assert!(world.is_answered_by(again, first), "it comes back, and so does its answer");
}

#[test]
fn a_hello_does_not_wait_for_a_call_of_which_it_is_not_clear_what_it_takes_over() {
    let mut world = World::new(2);
    let first = world.ask_as(0, 1, CHAT);
    world.run(secs(2));
    world.lose_at_daemon(0);
    let again = world.ask_as(1, 2, CHAT);
    world.run(ms(100));
    let now = world.now;
    let (_, conn, _) = *world.pairs.iter().find(|(shim, ..)| *shim == 1).unwrap();
    world.lose_at_daemon(1);
    world.shims[1].closed(now, conn, "reset");
    world.run(secs(1));
    assert!(matches!(world.shims[1].link(), Link::Up { .. }));
    world.run(secs(30));
    assert!(world.answered(first) && world.answered(again));
    assert_eq!(world.billed(first) + world.billed(again), 2, "its shim came back: two calls");
}

#[test]
fn an_attempt_that_cost_nothing_and_whose_next_start_is_not_kept_did_not_run() {
    let mut world = World::new(1);
    let call = world.call(0, 1, WRITE);
    world.run(secs(1));
    world.fill_disk();
    world.attempt(call, Some(1), ("sim", "m2"));
    world.run(ms(100));
    world.empty_disk();
    world.reset_connections();
    world.run(secs(15));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
}

#[test]
fn an_attempt_that_failed_before_a_drain_is_one_of_the_three() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"chat","ms":20000}"#);
    world.run(secs(3));
    world.daemon.as_mut().unwrap().attempt_failed(call);
    world.drain();
    world.run(ms(9500));
    world.restart_daemon();
    for _ in 0..2 {
        world.run(secs(5));
        world.crash();
    }
    world.run(secs(30));
    assert_eq!((world.billed(call), world.denied.as_slice()), (3, &[AttemptDenied::Exhausted][..]));
}

#[test]
fn two_drains_in_a_row_cut_one_attempt_once() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"chat","ms":20000}"#);
    world.run(secs(3));
    for _ in 0..2 {
        world.drain();
        world.run(ms(9500));
        world.full = true;
        world.restart_daemon();
        world.run(secs(3));
    }
    world.full = false;
    for _ in 0..4 {
        world.crash();
        world.run(secs(5));
    }
    world.run(secs(30));
    assert_eq!((world.billed(call), world.denied.as_slice()), (4, &[AttemptDenied::Exhausted][..]));
}

#[test]
fn a_call_that_is_refused_after_it_was_kept_may_have_run_there_all_the_same() {
    let mut world = World::new(1);
    world.full = true;
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    world.full = false;
    world.fill_disk();
    world.attempt(call, None, ("sim", "m1"));
    world.run(ms(100));
    world.kill_daemon();
    world.start_daemon();
    world.run(secs(15));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
}

#[test]
fn a_call_that_was_buried_is_not_said_to_be_one_that_did_not_run() {
    let mut world = World::new(1);
    let params = r#"{"name":"chat","ms":1000}"#;
    let first = world.call(0, 1, params);
    world.run(secs(700));
    assert!(world.answered(first));
    let again = world.call(0, 1, params);
    world.run(secs(1));
    let seen = world.seen[&again].last().unwrap();
    let Seen::End { why: EndWhy::Refused(RefusedCode::UnknownCall, _), fate } = seen else {
        panic!("{seen:?}")
    };
    assert_ne!(*fate, Fate::NotSent);
}

#[test]
fn a_wall_clock_that_jumps_an_hour_while_no_daemon_runs_ends_no_call() {
    let mut world = World::new(1);
    let call = world.call(0, 1, CHAT);
    world.run(secs(2));
    world.partitioned = true;
    world.kill_daemon();
    world.unix_start_ms += 3_600_000;
    world.restart_daemon();
    world.run(secs(3));
    world.partitioned = false;
    world.run(secs(20));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 2, .. }));
}

#[test]
fn a_cancel_that_could_not_be_kept_is_not_confirmed() {
    let mut world = World::new(1);
    let deadline = world.now + secs(10);
    let call = world.call_with(0, 1, CHAT, |call| call.deadline = deadline);
    world.run(secs(1));
    world.fill_disk();
    let now = world.now;
    world.shims[0].cancel(now, call, "user");
    world.run(ms(8900));
    assert!(world.shims[0].is_cancelled(call), "its time is almost over, and the next daemon has to be told");
    world.crash();
    world.run(secs(3));
    assert_eq!((world.billed(call), world.answered(call)), (1, false));
}

#[test]
fn a_daemon_whose_journal_another_one_has_says_nothing_of_ends_that_it_could_not_keep() {
    let mut world = World::new(1);
    let deadline = world.now + secs(13);
    let call = world.call_with(0, 1, CHAT, |call| call.deadline = deadline);
    world.run(secs(1));
    let usurper = ModelStore::open(world.disk.0, &world.disk.1, Pace::AtOnce);
    world.run(ms(11_900));
    assert!(!world.answered(call), "its end could not be kept, and its time for the executor is over");
    drop(usurper);
    world.crash();
    world.run(secs(2));
    assert_eq!(world.seen[&call].len(), 1);
}

#[test]
fn an_effect_that_was_turned_away_at_no_cost_when_its_host_left_did_not_run() {
    let mut world = World::new(2);
    let call = world.call(0, 1, WRITE);
    world.run(secs(1));
    world.bye(0);
    world.attempt(call, Some(1), ("sim", "m2"));
    world.run(secs(1));
    let (now, deadline) = (world.now, world.now + secs(60));
    world.shims[1].attach(now, call, deadline, None).unwrap();
    world.run(secs(12));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, attempts: 1, .. }));
}

#[test]
fn a_call_that_takes_an_answer_over_tells_of_its_own_attempts_too() {
    let mut world = World::new(2);
    let late = world.ask_as(1, 2, CHAT);
    world.run(secs(2));
    world.kill_daemon();
    // The volume is lost, and another host's call is the first on the new one.
    world.dead.insert(1);
    world.start_daemon();
    let first = world.ask_as(0, 1, CHAT);
    world.run(secs(2));
    world.bye(0);
    world.dead.remove(&1);
    world.run(secs(15));
    assert!(world.is_answered_by(late, first));
    let Seen::Result { attempts, .. } = world.only(late) else { panic!("no result") };
    assert_eq!((attempts, world.billed(late) + world.billed(first)), (2, 2));
}

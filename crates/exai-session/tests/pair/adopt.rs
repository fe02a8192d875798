//! The same question asked again: answered by the first call where that one's host is gone, asked anew where it is not.

use exai_wire::{AdoptKey, CallId, Outcome};

use crate::world::{CHAT, Seen, WRITE, World, ms, secs};

impl World {
    /// A call under the same key as all others that this asks.
    fn ask(&mut self, shim: usize, n: u8, params: &str) -> CallId {
        self.call_with(shim, n, params, |call| call.adopt_key = Some(AdoptKey::from_bytes([5; 16])))
    }

    fn answer_of(&self, call: CallId) -> String {
        match self.only(call) {
            Seen::Result { outcome: Outcome::Ok, body, .. } => body,
            other => panic!("{other:?}\n{}", self.log.join("\n")),
        }
    }

    fn leave(&mut self, shim: usize) {
        let now = self.now;
        self.shims[shim].bye(now, "stdin closed");
        self.run(ms(10));
    }

    /// The shim's process is killed: its connection is reset, and nothing of it dials again.
    fn kill_shim(&mut self, shim: usize) {
        let now = self.now;
        let lost: Vec<_> = self.pairs.iter().filter(|(s, ..)| *s == shim).map(|(.., peer)| *peer).collect();
        self.pairs.retain(|(s, ..)| *s != shim);
        for peer in lost {
            self.daemon.as_mut().unwrap().closed(now, peer);
        }
        self.dead.insert(shim);
    }
}

#[test]
fn a_host_whose_shim_ended_gets_the_answer_of_its_first_call() {
    let mut world = World::new(2);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(4));
    world.leave(0);
    let again = world.ask(1, 2, CHAT);
    world.run(secs(8));
    assert!(world.answer_of(again).contains(&first.to_string()));
    assert!(world.answer_of(again).contains("kept answer"), "{}", world.answer_of(again));
    assert_eq!((world.billed(first), world.billed(again)), (1, 0));
}

#[test]
fn an_answer_that_was_delivered_before_the_shim_ended_is_nobody_elses() {
    let mut world = World::new(2);
    world.auto_deliver = false;
    let first = world.ask(0, 1, CHAT);
    world.run(secs(12));
    let now = world.now;
    world.shims[0].delivered(first);
    world.shims[0].bye(now, "stdin closed");
    world.run(ms(10));
    world.auto_deliver = true;
    let again = world.ask(1, 2, CHAT);
    world.run(secs(12));
    assert!(world.answer_of(again).contains(&again.to_string()), "asked anew");
}

#[test]
fn a_kept_answer_is_given_once_and_not_after_its_time() {
    let mut world = World::new(4);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(4));
    world.leave(0);
    world.run(secs(60));
    let again = world.ask(1, 2, CHAT);
    world.run(secs(1));
    assert!(world.answer_of(again).contains(&first.to_string()));
    let third = world.ask(2, 3, CHAT);
    world.run(secs(12));
    assert!(world.answer_of(third).contains(&third.to_string()), "asked anew");
    let late = world.ask(2, 4, CHAT);
    world.run(secs(4));
    world.leave(2);
    world.run(secs(700));
    let too_late = world.ask(3, 5, CHAT);
    world.run(secs(12));
    assert_eq!((world.billed(late), world.billed(too_late)), (1, 1));
}

#[test]
fn two_hosts_that_are_there_are_two_calls() {
    let mut world = World::new(2);
    let one = world.ask(0, 1, CHAT);
    let two = world.ask(1, 2, CHAT);
    let three = world.ask(0, 3, CHAT);
    world.run(secs(12));
    for call in [one, two, three] {
        assert!(world.answer_of(call).contains(&call.to_string()));
        assert_eq!(world.billed(call), 1);
    }
}

#[test]
fn a_host_that_gave_up_gets_the_answer_when_it_asks_again() {
    let mut world = World::new(1);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(3));
    let now = world.now;
    world.shims[0].detach(now, first);
    world.run(secs(1));
    let again = world.ask(0, 2, CHAT);
    world.run(secs(8));
    assert!(world.answer_of(again).contains(&first.to_string()));
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn a_shim_that_was_killed_is_doubted_for_a_while() {
    let mut world = World::new(2);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(2));
    world.kill_shim(0);
    let again = world.ask(1, 2, CHAT);
    world.run(secs(3));
    assert!(!world.answered(again));
    world.run(secs(8));
    assert!(world.answer_of(again).contains(&first.to_string()));
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn a_shim_that_comes_back_keeps_its_call() {
    let mut world = World::new(2);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(2));
    let now = world.now;
    let (_, conn, peer) = *world.pairs.iter().find(|(shim, ..)| *shim == 0).unwrap();
    world.pairs.retain(|(.., other)| *other != peer);
    world.daemon.as_mut().unwrap().closed(now, peer);
    let again = world.ask(1, 2, CHAT);
    world.run(secs(1));
    let now = world.now;
    world.shims[0].closed(now, conn, "reset");
    world.run(secs(15));
    assert!(world.answer_of(first).contains(&first.to_string()));
    assert!(world.answer_of(again).contains(&again.to_string()));
}

#[test]
fn a_kept_answer_outlives_the_daemon_and_so_does_the_one_who_takes_it() {
    let mut world = World::new(3);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(4));
    world.leave(0);
    let again = world.ask(1, 2, CHAT);
    world.run(secs(1));
    world.crash();
    world.run(secs(12));
    assert!(world.answer_of(again).contains(&first.to_string()));
    assert_eq!((world.billed(first), world.billed(again)), (2, 0));
    let third = world.ask(2, 3, CHAT);
    world.run(secs(12));
    assert!(world.answer_of(third).contains(&third.to_string()), "it was given once");
}

#[test]
fn a_restart_makes_no_orphans_of_calls_whose_shims_are_still_dialling() {
    let mut world = World::new(2);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(2));
    world.crash();
    let again = world.ask(1, 2, CHAT);
    world.run(secs(15));
    assert!(world.answer_of(first).contains(&first.to_string()));
    assert!(world.answer_of(again).contains(&again.to_string()));
}

#[test]
fn an_effect_of_unknown_outcome_is_not_run_again() {
    let mut world = World::new(2);
    let first = world.ask(0, 1, WRITE);
    world.run(secs(2));
    world.leave(0);
    world.crash();
    let again = world.ask(1, 2, WRITE);
    world.run(secs(15));
    let Seen::Result { outcome: Outcome::OutcomeUnknown, body, .. } = world.only(again) else { panic!() };
    assert!(body.contains("Look before you repeat it"), "{body}");
    assert!(body.contains("not tried a second time") && !body.contains("ask again"), "one advice: {body}");
    assert_eq!((world.billed(first), world.billed(again)), (1, 0));
}

#[test]
fn an_answer_that_is_taken_over_again_says_so_once_and_how_old_it_is() {
    for crashes in [false, true] {
        let mut world = World::new(3);
        let first = world.ask(0, 1, CHAT);
        world.run(secs(2));
        world.leave(0);
        world.ask(1, 2, CHAT);
        world.run(secs(2));
        world.leave(1);
        if crashes {
            world.crash();
            world.run(secs(6));
        }
        let third = world.ask(2, 3, CHAT);
        world.run(secs(16));
        let body = world.answer_of(third);
        assert!(body.contains(&first.to_string()), "{body}");
        assert_eq!(body.matches("kept answer").count(), 1, "{body}");
        let age = if crashes { "asked 20 s ago" } else { "asked 10 s ago" };
        assert!(body.contains(age), "{body}");
    }
}

#[test]
fn an_error_is_no_answer_to_keep() {
    let mut world = World::new(2);
    let deadline = world.now + secs(3);
    let key = AdoptKey::from_bytes([5; 16]);
    let first = world.call_with(0, 1, CHAT, |call| {
        call.deadline = deadline;
        call.adopt_key = Some(key);
    });
    world.run(secs(20));
    let again = world.ask(1, 2, CHAT);
    world.run(secs(12));
    assert!(world.answer_of(again).contains(&again.to_string()));
    assert_eq!((world.billed(first), world.billed(again)), (1, 1));
}

#[test]
fn who_cancels_a_question_that_was_taken_over_cancels_all_of_it() {
    let mut world = World::new(2);
    let first = world.ask(0, 1, CHAT);
    world.run(secs(2));
    world.leave(0);
    let again = world.ask(1, 2, CHAT);
    world.run(secs(1));
    let now = world.now;
    world.shims[1].cancel(now, again, "user");
    world.run(secs(12));
    assert!(!world.answered(again));
    assert!(world.aborted.contains(&first));
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 0);
}

#[test]
fn adoption_can_be_off() {
    let mut world = World::new(2);
    world.keeping.adopt = secs(0);
    world.crash();
    let first = world.ask(0, 1, CHAT);
    world.run(secs(4));
    world.leave(0);
    let again = world.ask(1, 2, CHAT);
    world.run(secs(12));
    assert_eq!((world.billed(first), world.billed(again)), (1, 1));
}

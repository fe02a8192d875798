use std::time::Duration;

use exai_provider::Denied;
use exai_session::{AbortReason, AttemptDenied, Finished};
use exai_wire::{CallId, Class, Outcome};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::Executor;
use crate::work::{Command, End, Job};

struct World {
    executor: Executor,
}

impl World {
    fn new(slots: usize) -> Self {
        Self { executor: Executor::new(slots) }
    }

    fn run(&mut self, n: u8) {
        self.run_class(n, Class::Metered);
    }

    fn run_class(&mut self, n: u8, class: Class) {
        let params = RawValue::NULL.to_owned();
        self.executor.run(Job {
            call_id: call(n),
            class,
            sharer: 1,
            params,
            before: Vec::new(),
            kept: None,
            deadline: Duration::from_secs(60),
        });
    }

    /// A call asks for an attempt, and may begin it.
    fn begin(&mut self, n: u8) {
        let (reply, _answer) = oneshot::channel();
        assert!(self.executor.attempt(call(n), reply));
        self.executor.decide(call(n), Ok(1));
    }

    /// What the work runtime is told, in order.
    fn told(&mut self) -> Vec<String> {
        let word = |command| match command {
            Command::Run(job) => format!("run {}", number(job.call_id)),
            Command::Abort(call_id) => format!("abort {}", number(call_id)),
        };
        std::iter::from_fn(|| self.executor.poll_command()).map(word).collect()
    }

    fn finished(&mut self) -> Vec<(u8, Outcome, String)> {
        std::iter::from_fn(|| self.executor.poll_finished())
            .map(|(call_id, finished)| (number(call_id), finished.outcome, finished.body.get().to_owned()))
            .collect()
    }
}

fn call(n: u8) -> CallId {
    CallId::from_bytes([n; 16])
}

fn number(call_id: CallId) -> u8 {
    call_id.as_bytes()[0]
}

fn answer() -> End {
    End::Finished(Finished {
        outcome: Outcome::Ok,
        body: RawValue::from_string("{}".to_owned()).unwrap(),
        turn: None,
        spent: None,
    })
}

#[test]
fn a_call_runs_at_once_and_ends_once() {
    let mut world = World::new(2);
    world.run(1);
    world.run(2);
    assert_eq!(world.told(), ["run 1", "run 2"]);
    assert!(!world.executor.ended(call(1), answer()));
    assert_eq!(world.finished(), [(1, Outcome::Ok, "{}".to_owned())]);
}

/// Calls are late, cancelled, ended all the same, and followed by others.
#[test]
fn every_command_is_given_once() {
    let mut world = World::new(2);
    let at = Duration::from_secs(60);
    for n in [1, 2] {
        world.run(n);
    }
    assert_eq!(world.told(), ["run 1", "run 2"]);
    for n in [1, 2] {
        world.executor.abort(at, call(n), AbortReason::Deadline);
    }
    world.executor.tick(at + Duration::from_millis(500));
    for n in [1, 2] {
        world.executor.abort(at, call(n), AbortReason::Cancelled);
        world.executor.abort(at, call(n), AbortReason::Drain);
    }
    for (n, next) in [(1, 3), (2, 4)] {
        assert!(world.executor.ended(call(n), answer()));
        world.run(next);
        world.executor.abort(at, call(next), AbortReason::Cancelled);
    }
    let told = ["abort 1", "abort 2", "run 3", "abort 3", "run 4", "abort 4"];
    assert_eq!(world.told(), told, "each once");
    assert!(world.finished().is_empty());
}

#[test]
fn a_cancelled_call_is_aborted_reports_nothing_and_frees_its_slot_at_its_real_end() {
    let mut world = World::new(1);
    world.run(1);
    world.run(2);
    world.executor.abort(Duration::ZERO, call(1), AbortReason::Cancelled);
    assert_eq!(world.told(), ["run 1", "abort 1"]);
    assert!(world.executor.ended(call(1), answer()), "an answer that crossed the abort counts as broken off");
    assert_eq!(world.told(), ["run 2"]);
    assert!(world.finished().is_empty());
}

#[test]
fn a_call_cancelled_while_it_waits_never_runs() {
    let mut world = World::new(1);
    world.run(1);
    world.run(2);
    world.executor.abort(Duration::ZERO, call(2), AbortReason::Cancelled);
    world.executor.ended(call(1), answer());
    assert_eq!(world.told(), ["run 1"]);
    assert_eq!(world.finished().len(), 1);
}

#[test]
fn a_deadline_lets_a_running_call_hand_over_what_it_has_and_then_cuts_it() {
    let mut world = World::new(2);
    world.run(1);
    world.run(2);
    let at = Duration::from_secs(60);
    world.executor.abort(at, call(1), AbortReason::Deadline);
    world.executor.abort(at, call(2), AbortReason::Deadline);
    assert_eq!(world.told(), ["run 1", "run 2"]);
    assert!(!world.executor.ended(call(1), answer()), "it handed over in time");
    world.executor.tick(at + Duration::from_millis(500));
    assert_eq!(world.told(), ["abort 2"]);
    world.executor.ended(call(2), End::Aborted);
    let outcomes: Vec<_> = world.finished().into_iter().map(|(n, outcome, _)| (n, outcome)).collect();
    assert_eq!(outcomes, [(1, Outcome::Ok), (2, Outcome::Error)]);
}

/// Cut at its deadline or crashed, it may have changed the world: neither a failure nor a success can be claimed.
#[test]
fn an_effect_that_had_begun_and_was_cut_or_crashed_is_of_unknown_outcome() {
    let at = Duration::from_secs(60);
    for (begun, outcome) in [(true, Outcome::OutcomeUnknown), (false, Outcome::Error)] {
        let mut world = World::new(2);
        for n in [1, 2] {
            world.run_class(n, Class::Effect);
            if begun {
                world.begin(n);
            }
        }
        world.executor.abort(at, call(1), AbortReason::Deadline);
        world.executor.tick(at + Duration::from_millis(500));
        world.executor.ended(call(1), End::Aborted);
        world.executor.ended(call(2), End::Panicked);
        let finished = world.finished();
        let outcomes: Vec<_> = finished.iter().map(|(n, outcome, _)| (*n, *outcome)).collect();
        assert_eq!(outcomes, [(1, outcome), (2, outcome)], "begun: {begun}");
        assert!(finished.iter().all(|(.., body)| body.contains("can't be known") == begun), "{finished:?}");
    }
}

#[test]
fn a_question_that_was_cut_at_its_deadline_is_an_error() {
    let mut world = World::new(1);
    world.run(1);
    world.begin(1);
    world.executor.abort(Duration::from_secs(60), call(1), AbortReason::Deadline);
    world.executor.tick(Duration::from_secs(61));
    world.executor.ended(call(1), End::Aborted);
    assert!(matches!(world.finished().as_slice(), [(1, Outcome::Error, _)]));
}

#[test]
fn a_call_that_is_brought_again_runs_after_its_first_run_has_ended() {
    let mut world = World::new(2);
    world.run(1);
    world.executor.abort(Duration::ZERO, call(1), AbortReason::Orphaned);
    world.run(1);
    world.run(2);
    assert_eq!(world.told(), ["run 1", "abort 1", "run 2"]);
    assert!(world.executor.ended(call(1), End::Aborted), "the first run's end is not the second's");
    assert_eq!(world.told(), ["run 1"]);
    assert!(!world.executor.ended(call(1), answer()));
    assert_eq!(world.finished().len(), 1);
}

#[test]
fn a_deadline_while_waiting_says_that_no_model_was_asked() {
    let mut world = World::new(1);
    world.run(1);
    world.run(2);
    world.executor.abort(Duration::from_secs(60), call(2), AbortReason::Deadline);
    let finished = world.finished();
    assert!(
        matches!(finished.as_slice(), [(2, Outcome::Error, body)] if body.contains("no model was asked"))
    );
}

#[test]
fn a_panic_is_an_error_of_that_call_alone() {
    let mut world = World::new(2);
    world.run(1);
    world.run(2);
    assert!(!world.executor.ended(call(1), End::Panicked));
    world.executor.ended(call(2), answer());
    let outcomes: Vec<_> = world.finished().into_iter().map(|(n, outcome, _)| (n, outcome)).collect();
    assert_eq!(outcomes, [(1, Outcome::Error), (2, Outcome::Ok)]);
}

#[test]
fn an_attempt_is_decided_once_and_denied_to_a_call_that_is_over() {
    let mut world = World::new(2);
    world.run(1);
    let (reply, mut answer) = oneshot::channel();
    assert!(world.executor.attempt(call(1), reply));
    world.executor.decide(call(1), Ok(1));
    assert_eq!(answer.try_recv().unwrap(), Ok(1));
    let (reply, mut answer) = oneshot::channel();
    assert!(world.executor.attempt(call(1), reply));
    world.executor.decide(call(1), Err(AttemptDenied::Exhausted));
    assert_eq!(answer.try_recv().unwrap(), Err(Denied::Exhausted));
    world.executor.abort(Duration::ZERO, call(1), AbortReason::Cancelled);
    let (reply, mut answer) = oneshot::channel();
    assert!(!world.executor.attempt(call(1), reply));
    assert_eq!(answer.try_recv().unwrap(), Err(Denied::Over));
}

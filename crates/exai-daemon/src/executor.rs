//! What becomes of a call that is to run: it goes where calls run (`work`), waits there for a place at a provider if need
//! be, and ends. The io thread's side; it never waits.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use exai_provider::Denied;
use exai_session::{AbortReason, AttemptDenied, Finished};
use exai_wire::{CallId, Class};
use tokio::sync::oneshot;

use crate::failure;
use crate::work::{Command, End, Job};

/// How long a call that is past its deadline may take to hand over what it has; a tool's own clock rings at the same
/// moment.
const HAND_OVER: Duration = Duration::from_millis(500);

/// Calls that run, and those that are about to.
#[derive(Debug)]
pub(crate) struct Executor {
    slots: usize,
    running: BTreeMap<CallId, Running>,
    /// Calls that have no slot yet. There are as many slots as calls that sessions may have, so these only wait until the
    /// work runtime is through with what was broken off.
    behind: VecDeque<Job>,
    commands: VecDeque<Command>,
    finished: VecDeque<(CallId, Finished)>,
}

/// A call in its slot, which is free when the work runtime is through with it.
#[derive(Debug)]
struct Running {
    class: Class,
    /// An attempt was let through: it may have cost something, or changed the world.
    begun: bool,
    /// Takes the decision on the attempt that is asked for.
    asking: Option<oneshot::Sender<Result<u32, Denied>>>,
    phase: Phase,
}

impl Running {
    /// Whether it is an effect of which nobody can say, where it gave no result, whether it took place.
    fn may_have_changed(&self) -> bool {
        self.begun && self.class == Class::Effect
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    /// Past its deadline; aborted at this moment.
    HandingOver(Duration),
    /// Aborted because of its deadline; nothing came in time.
    Late,
    /// Aborted; nobody wants to hear its end.
    Silenced,
}

impl Executor {
    /// Nothing runs.
    pub(crate) fn new(slots: usize) -> Self {
        let (running, behind) = (BTreeMap::new(), VecDeque::new());
        Self { slots, running, behind, commands: VecDeque::new(), finished: VecDeque::new() }
    }

    /// Takes a call.
    pub(crate) fn run(&mut self, job: Job) {
        self.behind.push_back(job);
        self.fill();
    }

    /// A call asks for an attempt. `true`: the session is to be asked, and [`Executor::decide`] follows.
    pub(crate) fn attempt(&mut self, call_id: CallId, reply: oneshot::Sender<Result<u32, Denied>>) -> bool {
        match self.running.get_mut(&call_id) {
            Some(running) if running.phase == Phase::Working => {
                running.asking = Some(reply);
                true
            }
            _ => {
                let _ = reply.send(Err(Denied::Over));
                false
            }
        }
    }

    /// The decision on the attempt that a call asked for.
    pub(crate) fn decide(&mut self, call_id: CallId, decision: Result<u32, AttemptDenied>) {
        let Some(running) = self.running.get_mut(&call_id) else { return };
        if let Some(reply) = running.asking.take() {
            running.begun |= decision.is_ok();
            let _ = reply.send(decision.map_err(denied));
        }
    }

    /// Stops a call, waiting or running. `false`: nothing of it runs, so nothing will be said of its end.
    pub(crate) fn abort(&mut self, now: Duration, call_id: CallId, why: AbortReason) -> bool {
        let before = self.behind.len();
        self.behind.retain(|job| job.call_id != call_id);
        if self.behind.len() < before {
            if why == AbortReason::Deadline {
                let text = "not run: the deadline passed before, and no model was asked";
                self.finished.push_back((call_id, failure::finished(text)));
            }
            return self.running.contains_key(&call_id);
        }
        let Some(running) = self.running.get_mut(&call_id) else { return false };
        match (why, running.phase) {
            (AbortReason::Deadline, Phase::Working) => running.phase = Phase::HandingOver(now + HAND_OVER),
            (AbortReason::Deadline, _) => return true,
            (AbortReason::Cancelled | AbortReason::Drain | AbortReason::Orphaned, phase) => {
                running.phase = Phase::Silenced;
                // One that is late, or silenced already, has been told.
                if matches!(phase, Phase::Working | Phase::HandingOver(_)) {
                    self.commands.push_back(Command::Abort(call_id));
                }
            }
        }
        running.asking = None;
        true
    }

    /// The work runtime is through with a call. `true`: it had been broken off.
    pub(crate) fn ended(&mut self, call_id: CallId, end: End) -> bool {
        let Some(running) = self.running.remove(&call_id) else { return true };
        let finished = match (end, running.phase) {
            (_, Phase::Silenced) => None,
            (End::Finished(finished), _) => Some(finished),
            (End::Panicked, _) if running.may_have_changed() => Some(failure::effect_crashed()),
            (End::Aborted, _) if running.may_have_changed() => Some(failure::effect_cut()),
            (End::Panicked, _) => Some(failure::panicked()),
            (End::Aborted, _) => Some(failure::finished("the deadline passed before any of the answer came")),
        };
        self.fill();
        let broken_off = finished.is_none();
        self.finished.extend(finished.map(|finished| (call_id, finished)));
        broken_off
    }

    /// The next thing that the work runtime is to do.
    pub(crate) fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// The next call that ended, and how.
    pub(crate) fn poll_finished(&mut self) -> Option<(CallId, Finished)> {
        self.finished.pop_front()
    }

    /// To be called now and then: breaks off what is past its deadline.
    pub(crate) fn tick(&mut self, now: Duration) {
        for (call_id, running) in &mut self.running {
            if matches!(running.phase, Phase::HandingOver(until) if until <= now) {
                running.phase = Phase::Late;
                self.commands.push_back(Command::Abort(*call_id));
            }
        }
    }

    fn fill(&mut self) {
        while self.running.len() < self.slots {
            // A call that was broken off and is brought again begins when its first run has ended.
            let next = self.behind.iter().position(|job| !self.running.contains_key(&job.call_id));
            let Some(job) = next.and_then(|at| self.behind.remove(at)) else { return };
            let (call_id, class) = (job.call_id, job.class);
            self.commands.push_back(Command::Run(job));
            let phase = Phase::Working;
            self.running.insert(call_id, Running { class, begun: false, asking: None, phase });
        }
    }
}

const fn denied(why: AttemptDenied) -> Denied {
    match why {
        AttemptDenied::Over => Denied::Over,
        AttemptDenied::Exhausted => Denied::Exhausted,
        AttemptDenied::Draining => Denied::Draining,
    }
}

#[cfg(test)]
mod tests;

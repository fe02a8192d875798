//! What becomes of a call that is to run: it waits for a place, runs on the work runtime, and ends. The io thread's
//! side; it never waits.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use exai_provider::Denied;
use exai_session::{AbortReason, AttemptDenied, Finished};
use exai_wire::{CallId, SessionId};
use tokio::sync::{mpsc, oneshot};

use crate::admission::{Admission, Bounds, Full, Permit};
use crate::failure;
use crate::work::{Command, End, Job};

/// How long a call that is past its deadline may take to hand over what it has; a tool's own clock rings at the same
/// moment.
const HAND_OVER: Duration = Duration::from_millis(500);

/// Calls that wait or run.
#[derive(Debug)]
pub(crate) struct Executor {
    admission: Admission<SessionId, CallId, Job>,
    bounds: Bounds,
    running: BTreeMap<CallId, Running>,
    commands: mpsc::Sender<Command>,
    finished: VecDeque<(CallId, Finished)>,
    /// Position last told to each call that waits.
    told: BTreeMap<CallId, usize>,
}

/// A call that has its place. The place is free when this is dropped.
#[derive(Debug)]
struct Running {
    _permit: Permit,
    /// Takes the decision on the attempt that is asked for.
    asking: Option<oneshot::Sender<Result<u32, Denied>>>,
    phase: Phase,
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
    pub(crate) fn new(bounds: Bounds, commands: mpsc::Sender<Command>) -> Self {
        let (running, told) = (BTreeMap::new(), BTreeMap::new());
        Self { admission: Admission::new(bounds), bounds, running, commands, finished: VecDeque::new(), told }
    }

    /// Takes a call, which runs now or waits.
    pub(crate) fn run(&mut self, session: SessionId, job: Job) {
        let call_id = job.call_id;
        match self.admission.enqueue(session, call_id, job) {
            Ok(()) => self.admit(),
            Err(Full(_)) => {
                let waiting = self.bounds.waiting;
                let text = format!("not run: {waiting} calls wait for a place already; try again later");
                self.finished.push_back((call_id, failure::finished(&text)));
            }
        }
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
        if let Some(reply) = self.running.get_mut(&call_id).and_then(|running| running.asking.take()) {
            let _ = reply.send(decision.map_err(denied));
        }
    }

    /// Stops a call, waiting or running.
    pub(crate) fn abort(&mut self, now: Duration, call_id: CallId, why: AbortReason) {
        if self.admission.remove(call_id).is_some() {
            self.told.remove(&call_id);
            if why == AbortReason::Deadline {
                let text = "not run: no place became free before the deadline, and no model was asked";
                self.finished.push_back((call_id, failure::finished(text)));
            }
            return;
        }
        let Some(running) = self.running.get_mut(&call_id) else { return };
        match why {
            AbortReason::Deadline if running.phase == Phase::Working => {
                running.phase = Phase::HandingOver(now + HAND_OVER);
                running.asking = None;
            }
            AbortReason::Deadline => {}
            AbortReason::Cancelled | AbortReason::Drain => {
                running.phase = Phase::Silenced;
                running.asking = None;
                let _ = self.commands.try_send(Command::Abort(call_id));
            }
        }
    }

    /// The work runtime is through with a call. `true`: it had been broken off.
    pub(crate) fn ended(&mut self, call_id: CallId, end: End) -> bool {
        let Some(running) = self.running.remove(&call_id) else { return true };
        let finished = match (end, running.phase) {
            (_, Phase::Silenced) => None,
            (End::Finished(finished), _) => Some(finished),
            (End::Panicked, _) => Some(failure::panicked()),
            (End::Aborted, _) => Some(failure::finished("the deadline passed before any of the answer came")),
        };
        drop(running);
        self.admit();
        let broken_off = finished.is_none();
        self.finished.extend(finished.map(|finished| (call_id, finished)));
        broken_off
    }

    /// The next call that ended, and how.
    pub(crate) fn poll_finished(&mut self) -> Option<(CallId, Finished)> {
        self.finished.pop_front()
    }

    /// To be called now and then: breaks off what is past its deadline, and tells those who wait where they stand.
    pub(crate) fn tick(&mut self, now: Duration) -> Vec<(CallId, String)> {
        for (call_id, running) in &mut self.running {
            if matches!(running.phase, Phase::HandingOver(until) if until <= now) {
                running.phase = Phase::Late;
                let _ = self.commands.try_send(Command::Abort(*call_id));
            }
        }
        self.admission.sweep();
        self.positions()
    }

    /// Calls that wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.admission.waiting()
    }

    fn positions(&mut self) -> Vec<(CallId, String)> {
        let order = self.admission.order();
        let all = order.len();
        let mut notes = Vec::new();
        for (call_id, position) in order.into_iter().zip(1..) {
            if self.told.insert(call_id, position) != Some(position) {
                notes.push((call_id, format!("waiting for a place, position {position} of {all}")));
            }
        }
        notes
    }

    fn admit(&mut self) {
        while let Some((_, call_id, job, permit)) = self.admission.admit() {
            self.told.remove(&call_id);
            match self.commands.try_send(Command::Run(job)) {
                Ok(()) => {
                    let running = Running { _permit: permit, asking: None, phase: Phase::Working };
                    self.running.insert(call_id, running);
                }
                // Only when the work runtime is gone: the channel has room for every permit.
                Err(error) => {
                    tracing::error!(%error, "the work runtime takes no calls");
                    self.finished
                        .push_back((call_id, failure::finished("not run: the daemon is broken; restart it")));
                }
            }
        }
    }
}

const fn denied(why: AttemptDenied) -> Denied {
    match why {
        AttemptDenied::Over => Denied::Over,
        AttemptDenied::Exhausted => Denied::Exhausted,
        AttemptDenied::Orphaned => Denied::Orphaned,
        AttemptDenied::Draining => Denied::Draining,
        AttemptDenied::NotKept => Denied::NotKept,
    }
}

#[cfg(test)]
mod tests;

//! The drain: finish, cut, close, within the ten seconds that a container gets.

use std::time::Duration;

use exai_wire::{CallId, Class, DaemonFrame, Goaway, KeptFrame, Outcome, Record, Refused, RefusedCode};

use super::DaemonEnd;
use super::call::{Phase, error_body};
use super::connection::CLOSE_RESTART;
use super::event::{AbortReason, CallClass, DaemonEvent, DrainPlan, PeerConn};
use super::intake::DRAINING_RETRY_MS;

const EFFECT_CUT: &str = "The daemon stopped while this call was running, so whether it took effect can't be known. Look before you repeat it.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Finishing,
    Effects,
    Closing,
    Over,
}

#[derive(Debug)]
pub(super) struct Drain {
    began: Duration,
    plan: DrainPlan,
    /// What sessions are told.
    goaway: Goaway,
    step: Step,
    /// Calls may be through before their time: looked at on this grid.
    look: Duration,
}

const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Drain {
    pub(super) fn next_due(&self) -> Option<Duration> {
        (self.step != Step::Over).then_some(self.look)
    }
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Begins the drain.
    pub fn drain(&mut self, now: Duration, plan: DrainPlan, reason: &str) {
        if self.drain.is_some() {
            return;
        }
        let goaway = Goaway {
            reason: reason.to_owned(),
            grace_ms: millis(plan.finish),
            retry_after_ms: millis(plan.retry_after),
            spread_ms: millis(plan.spread),
        };
        self.drain = Some(Drain { began: now, plan, goaway, step: Step::Finishing, look: now });
        let welcomed: Vec<PeerConn> =
            self.conns.iter().filter(|(_, open)| open.session.is_some()).map(|(conn, _)| *conn).collect();
        for conn in welcomed {
            self.send_away(now, conn);
        }
        self.step_drain(now);
    }

    /// Tells a session that has its welcome of the drain, if there is one.
    pub(super) fn send_away(&mut self, now: Duration, conn: PeerConn) {
        if let Some(goaway) = self.drain.as_ref().map(|drain| drain.goaway.clone()) {
            self.send(now, conn, &DaemonFrame::Goaway(goaway));
        }
    }

    /// Whether what begins now would be cut at once.
    pub(super) fn is_cut_off(&self, class: Class) -> bool {
        match self.drain.as_ref().map(|drain| drain.step) {
            None | Some(Step::Finishing) => false,
            Some(Step::Effects) => class != Class::Effect,
            Some(Step::Closing | Step::Over) => true,
        }
    }

    pub(super) fn step_drain(&mut self, now: Duration) {
        // What is cut may still hand over the text that it had.
        let idle = self.in_flight() == 0 && self.leaving.is_empty() && self.tickets.is_empty();
        let Some(drain) = &mut self.drain else { return };
        let age = now.saturating_sub(drain.began);
        drain.look = now + LOOK_EVERY;
        let step = match drain.step {
            Step::Over => return,
            _ if idle || age >= drain.plan.close => Step::Over,
            Step::Finishing if age >= drain.plan.finish => Step::Effects,
            Step::Effects if age >= drain.plan.effects => Step::Closing,
            same => same,
        };
        if step == std::mem::replace(&mut drain.step, step) {
            return;
        }
        match step {
            Step::Effects => self.cut(now),
            Step::Closing => self.give_up_effects(now),
            Step::Over => self.close_all(now),
            Step::Finishing => {}
        }
    }

    /// Cuts what may run on after the restart.
    fn cut(&mut self, now: Duration) {
        for call_id in self.running(|class| class != Class::Effect) {
            self.note_cut(call_id);
            self.cut_one(now, call_id);
        }
        let following = self.calls.live().filter(|(_, entry)| matches!(entry.phase, Phase::Following));
        let following: Vec<CallId> = following.map(|(call_id, _)| call_id).collect();
        for call_id in following {
            self.wait_parked(call_id);
        }
    }

    /// The attempt that runs does not count among those that may fail. One that has failed already does.
    fn note_cut(&mut self, call_id: CallId) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        let asked = entry.starting.then_some(entry.attempts);
        let cut = entry.under_way.or(asked).filter(|_| entry.class == Class::Metered);
        let Some(attempt) = cut else { return };
        entry.cuts += 1;
        self.commit(Record::Cut { call_id, attempt });
    }

    pub(super) fn cut_one(&mut self, now: Duration, call_id: CallId) {
        // Provably nothing was asked for it: said, or whoever brings it again would have to count an attempt.
        if self.calls.get(call_id).is_some_and(|entry| entry.attempts == 0) {
            let message = "the daemon is about to stop".to_owned();
            let (code, retry_after_ms) = (RefusedCode::Draining, Some(DRAINING_RETRY_MS));
            let refused = Refused { call_id, code, message, retry_after_ms };
            self.tell_waiters(now, call_id, &DaemonFrame::Refused(refused));
        }
        let Some(entry) = self.calls.get(call_id) else { return };
        if entry.class == Class::Pure {
            self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Drain });
            return self.forget(call_id);
        }
        self.leaving.insert(call_id);
        self.park(call_id, AbortReason::Drain);
    }

    fn give_up_effects(&mut self, now: Duration) {
        for call_id in self.running(|class| class == Class::Effect) {
            if self.may_have_run(call_id) {
                self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Drain });
                self.conclude(now, call_id, error_body(Outcome::OutcomeUnknown, EFFECT_CUT));
            } else {
                self.cut_one(now, call_id);
            }
        }
    }

    fn running(&self, wanted: impl Fn(Class) -> bool) -> Vec<CallId> {
        let running = self.calls.live().filter(|(_, entry)| entry.is_running() && wanted(entry.class));
        running.map(|(call_id, _)| call_id).collect()
    }

    fn close_all(&mut self, now: Duration) {
        let open: Vec<PeerConn> = self.conns.keys().copied().collect();
        for conn in open {
            self.close(now, conn, CLOSE_RESTART, "the daemon stops");
        }
        self.events.push_back(DaemonEvent::Drained);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! Calls for which nobody is there: kept, and run when somebody comes, so that nothing is paid for nobody.

use std::time::Duration;

use exai_wire::{CallId, Class, KeptFrame, Outcome, SessionId};

use super::DaemonEnd;
use super::call::{Phase, error_body};
use super::event::{AbortReason, AttemptFate, Before, CallClass, DaemonEvent, Finished};
use super::session::ABSENT_AFTER;

/// After a restart or a cut an effect that had begun is over: nobody can know how.
pub(super) const EFFECT_LOST: &str = "The daemon ended while this call was running, so whether it took effect can't be known. \
                                      Look before you repeat it.";
const EXPIRED: &str = "This call was broken off (the daemon ended, or its host had gone), and its time was over before \
                       anybody came for it.";

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Leaves a running call to whoever comes for it.
    pub(super) fn park(&mut self, call_id: CallId, why: AbortReason) {
        if self.calls.get(call_id).is_some_and(|entry| matches!(entry.phase, Phase::Accepting(_))) {
            return self.leave_ahead(call_id, why);
        }
        self.events.push_back(DaemonEvent::Abort { call_id, why });
        self.no_longer_alone(call_id);
        self.set_aside(call_id);
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        (entry.starting, entry.under_way) = (false, None);
        let fate = if why == AbortReason::Drain { AttemptFate::Cut } else { AttemptFate::Left };
        let (told, asked) = (entry.before.len(), std::mem::take(&mut entry.asked));
        for n in (1..=entry.attempts).skip(told) {
            let (provider, model) = asked.get(&n).cloned().unwrap_or_default();
            let fate = if n < entry.attempts { AttemptFate::Failed } else { fate };
            entry.before.push(Before { n, provider, model, fate });
        }
        self.calls.set_phase(call_id, Phase::Parked);
    }

    /// Nobody waits for a call that is not with the executor: it is as good as one that never began.
    pub(super) fn wait_parked(&mut self, call_id: CallId) {
        self.set_aside(call_id);
        self.calls.set_phase(call_id, Phase::Parked);
    }

    /// Somebody has come for a parked call.
    pub(super) fn unpark(&mut self, now: Duration, session: SessionId, call_id: CallId) {
        let age = self.age(now, call_id);
        let Some(entry) = self.calls.get_mut(call_id).filter(|entry| entry.is_parked()) else { return };
        entry.since = now.saturating_sub(age);
        if let Some(work) = &mut entry.work {
            work.session = session;
        }
        self.count(call_id);
        self.begin(now, call_id);
    }

    /// Begins, or goes on with, a call that the journal has.
    pub(super) fn begin(&mut self, now: Duration, call_id: CallId) {
        let Some(entry) = self.calls.get(call_id) else { return };
        if entry.class == Class::Effect && entry.attempts > 0 {
            return self.conclude(now, call_id, error_body(Outcome::OutcomeUnknown, EFFECT_LOST));
        }
        match entry.follows {
            Some(followed) => self.follow(now, call_id, followed),
            None => self.run(call_id),
        }
    }

    /// Ends parked calls whose time is over, with what they had brought.
    pub(super) fn end_parked(&mut self, now: Duration) {
        // Their time is that of a wall clock, which may have jumped while no daemon ran. A shim that lives brings its own.
        if now < self.booted + ABSENT_AFTER {
            return;
        }
        let over = self.calls.parked().filter(|(_, entry)| entry.deadline <= now);
        let over: Vec<CallId> = over.map(|(call_id, _)| call_id).collect();
        for call_id in over {
            let Some(entry) = self.calls.get(call_id) else { continue };
            let effect = entry.class == Class::Effect && entry.attempts > 0;
            let end = match entry.texts.best() {
                _ if effect => error_body(Outcome::OutcomeUnknown, EFFECT_LOST),
                Some(partial) => partial_body(&partial.text),
                None => error_body(Outcome::Error, EXPIRED),
            };
            self.leave_answer(call_id);
            self.conclude(now, call_id, end);
        }
    }

    /// Time since a call was taken.
    pub(super) fn age(&self, now: Duration, call_id: CallId) -> Duration {
        let asked_ms = self.calls.get(call_id).map_or(u64::MAX, |entry| entry.asked_ms);
        Duration::from_millis(self.wall_ms(now).saturating_sub(asked_ms))
    }
}

/// What there is of an answer whose call is over.
fn partial_body(text: &str) -> Finished {
    let sentence = format!("PARTIAL ANSWER: {EXPIRED} This is what had come.\n\n{text}");
    error_body(Outcome::Error, &sentence)
}

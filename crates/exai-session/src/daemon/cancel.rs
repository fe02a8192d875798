//! Cancels: durable before the provider is aborted, also for a call not seen yet.

use std::time::Duration;

use exai_wire::{CallId, Class, DaemonFrame, KeptFrame, Outcome, ResultFrame, SessionId};

use super::DaemonEnd;
use super::call::{Entry, Phase, Wish, error_body};
use super::event::{AbortReason, CallClass, DaemonEvent, Finished};

const CANCELLED: &str = "The call was cancelled.";
const EFFECT_CANCELLED: &str = "The call was cancelled after it had begun, so whether it took effect can't be known. Look before you repeat it.";

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn cancel(&mut self, now: Duration, session: SessionId, call_id: CallId) {
        self.release(now, call_id);
        let Some(entry) = self.calls.get_mut(call_id) else {
            self.cancel_unseen(now, session, call_id);
            return;
        };
        if !entry.is_over() {
            entry.waiters.insert(session);
        }
        match &entry.phase {
            Phase::Accepting(_) => entry.wish = Wish::Cancel,
            Phase::Running if entry.class == Class::Pure => self.cancel_pure(now, call_id),
            Phase::Considering | Phase::Running | Phase::Parked | Phase::Following => {
                entry.wish = Wish::Cancel;
                self.end_cancelled(now, call_id);
            }
            // The result crosses the cancel; the shim acks and drops it.
            Phase::Ending => {}
            Phase::Done(_) | Phase::Buried => self.replay(now, session, call_id),
        }
    }

    /// A late `call` with this id must never run, so the cancel is kept in its place.
    fn cancel_unseen(&mut self, now: Duration, session: SessionId, call_id: CallId) {
        let mut entry = Entry::new(Class::Metered, Phase::Ending, now, self.wall_ms(now), now);
        entry.wish = Wish::Cancel;
        entry.waiters.insert(session);
        self.calls.insert(call_id, entry);
        self.arm(now);
        self.conclude(now, call_id, error_body(Outcome::Cancelled, CANCELLED));
    }

    fn cancel_pure(&mut self, now: Duration, call_id: CallId) {
        self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Cancelled });
        let Finished { outcome, body, .. } = error_body(Outcome::Cancelled, CANCELLED);
        let frame = ResultFrame { call_id, attempt: 0, outcome, body, replayed: false };
        self.tell_waiters(now, call_id, &DaemonFrame::Result(frame));
        self.forget(call_id);
    }

    /// Ends a call that is cancelled, and leaves whom it followed to others.
    pub(super) fn end_cancelled(&mut self, now: Duration, call_id: CallId) {
        let followed = self.calls.get(call_id).and_then(|entry| entry.follows);
        self.conclude_cancelled(now, call_id);
        if let Some(followed) = followed {
            self.unfollow(now, followed);
        }
    }

    pub(super) fn conclude_cancelled(&mut self, now: Duration, call_id: CallId) {
        let effect = self.calls.get(call_id).is_some_and(|entry| entry.class == Class::Effect);
        let end = if effect && self.may_have_run(call_id) {
            error_body(Outcome::OutcomeUnknown, EFFECT_CANCELLED)
        } else {
            error_body(Outcome::Cancelled, CANCELLED)
        };
        self.conclude(now, call_id, end);
    }
}

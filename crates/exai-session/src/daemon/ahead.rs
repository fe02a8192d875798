//! A call may be with the executor before its record is durable: where the first attempt can begin at once, its start then
//! shares the commit of the call itself, and one sync serves both. Nothing is paid before both are durable, and nothing was
//! promised before, so a crash in between costs nothing.

use std::collections::VecDeque;
use std::time::Duration;

use exai_wire::{CallId, Class, KeptFrame};

use super::DaemonEnd;
use super::call::{Ahead, Entry, Phase};
use super::event::{AbortReason, CallClass, DaemonEvent, Finished};

/// How long the record of a call waits for the start of its first attempt. Where a place at the provider is free, that comes
/// within two changes of threads, some tens of microseconds; a call that has to wait for one is promised without.
const HOLD: Duration = Duration::from_millis(2);

/// Calls whose record waits, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Held(VecDeque<(Duration, CallId)>);

impl Held {
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.0.front().map(|(until, _)| *until)
    }

    /// Mostly the first: they ask in the order in which they came.
    fn take(&mut self, call_id: CallId) -> bool {
        let at = self.0.iter().position(|(_, held)| *held == call_id);
        at.and_then(|at| self.0.remove(at)).is_some()
    }

    fn take_due(&mut self, now: Duration) -> Option<CallId> {
        self.0.pop_front_if(|(until, _)| *until <= now).map(|(_, call_id)| call_id)
    }
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Whether a call goes to the executor ahead of its record. An effect does not: a crash makes unknown whatever may have
    /// begun, and that is to be no more than it must.
    pub(super) fn goes_ahead(entry: &Entry<D>) -> bool {
        entry.class == Class::Metered && entry.follows.is_none()
    }

    /// Hands a call to the executor; its record waits for what comes of it.
    pub(super) fn go_ahead(&mut self, now: Duration, call_id: CallId) {
        self.calls.set_phase(call_id, Phase::Accepting(Ahead::Runs));
        self.held.0.push_back((now + HOLD, call_id));
        self.hand_over(call_id);
    }

    /// Whatever else is to be recorded of a call comes behind its own record.
    pub(super) fn release(&mut self, now: Duration, call_id: CallId) {
        if self.held.take(call_id) {
            self.promise(now, call_id);
        }
    }

    pub(super) fn release_due(&mut self, now: Duration) {
        while let Some(call_id) = self.held.take_due(now) {
            self.promise(now, call_id);
        }
    }

    /// The executor has ended a call that is not promised yet; its end waits for that.
    pub(super) fn finished_ahead(&mut self, now: Duration, call_id: CallId, finished: Finished) {
        self.release(now, call_id);
        self.calls.set_phase(call_id, Phase::Accepting(Ahead::Ended(finished)));
    }

    /// The executor leaves a call whose record is still on its way: it is not parked, which would be to say that it is kept.
    pub(super) fn leave_ahead(&mut self, call_id: CallId, why: AbortReason) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        entry.starting = false;
        if entry.is_at_work() {
            self.events.push_back(DaemonEvent::Abort { call_id, why });
        }
        self.calls.set_phase(call_id, Phase::Accepting(Ahead::No));
    }

    /// A call is promised now; it goes on from where the executor is with it, if anybody is there for it.
    pub(super) fn catch_up(&mut self, now: Duration, call_id: CallId, ahead: Ahead) {
        let Some(entry) = self.calls.get(call_id) else { return };
        let (awaited, starting) = (!entry.sponsors.is_empty(), entry.starting);
        // It had gone ahead. A drain that left it has sent its shim away.
        let left = Self::goes_ahead(entry) && self.drain.is_some();
        match ahead {
            Ahead::Ended(finished) => self.conclude(now, call_id, finished),
            Ahead::No if left || !awaited => self.wait_parked(call_id),
            Ahead::No => self.begin(now, call_id),
            Ahead::Runs => {
                self.calls.set_phase(call_id, Phase::Running);
                // Of one that is about to start, that decides.
                if !awaited && !starting {
                    self.park(call_id, AbortReason::Orphaned);
                }
            }
        }
    }

    /// A call could not be promised: the executor leaves it, and what else was to be recorded of it is not waited for.
    pub(super) fn fall_back(&mut self, call_id: CallId) {
        if self.calls.get(call_id).is_some_and(Entry::is_at_work) {
            self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Orphaned });
        }
        self.tickets.retain(|_, pending| !pending.is_start_of(call_id));
    }
}

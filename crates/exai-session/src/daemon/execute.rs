//! Between the calls and the executor: run, attempts, notes, ends.

use std::time::Duration;

use exai_wire::{Attempt, CallId, Class, DaemonFrame, KeptFrame, Note, Record, ResultFrame};

use super::DaemonEnd;
use super::call::{Entry, Phase};
use super::event::{AbortReason, AttemptDenied, CallClass, DaemonEvent, Finished};
use super::lone::AttemptWish;

/// Requests that may be billed, per call, all causes together: retry, fallback, crash.
const ATTEMPTS_MAX: u32 = 3;

/// Attempts that orderly drains may cut without counting among those: a daemon that is redeployed while a model thinks is
/// no fault of the call.
const CUTS_MAX: u32 = 3;

/// Text of attempts on its way to the journal, all calls together. More is not kept: losing the newest is allowed, and a
/// disk that hangs must not fill the memory.
const PARTIAL_BYTES_MAX: usize = 16 << 20;

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn run(&mut self, call_id: CallId) {
        self.calls.set_phase(call_id, Phase::Running);
        self.hand_over(call_id);
    }

    pub(super) fn hand_over(&mut self, call_id: CallId) {
        let Some(entry) = self.calls.get(call_id) else { return };
        let Some(work) = &entry.work else { return };
        self.events.push_back(DaemonEvent::Run {
            call_id,
            session: work.session,
            class: entry.class,
            method: work.method.clone(),
            params: work.params.clone(),
            before: entry.before.clone(),
            kept: entry.texts.best(),
            deadline: entry.deadline,
        });
    }

    /// The executor wants to begin an attempt; answered by `Go` or `Deny`. `unused` is the number of the attempt that was
    /// granted last where it cost nothing: the same number then names the new provider and is not counted again. Any
    /// other number counts as none. `continues`: bytes of kept text that the attempt goes on from.
    pub fn attempt(
        &mut self,
        now: Duration,
        call_id: CallId,
        unused: Option<u32>,
        (provider, model): (&str, &str),
        continues: u64,
    ) {
        self.release(now, call_id);
        let (provider, model) = (provider.to_owned(), model.to_owned());
        let wish = AttemptWish { call_id, unused, provider, model, continues };
        let Some(AttemptWish { provider, model, .. }) = self.wait_alone(now, wish) else { return };
        self.give_back(call_id, unused);
        let draining = self.drain.is_some();
        let verdict = match self.calls.get_mut(call_id) {
            Some(entry) if !entry.may_ask() => Err(AttemptDenied::Over),
            None => Err(AttemptDenied::Over),
            // It runs on after the restart: its shim brings it again.
            Some(entry) if draining && entry.class != Class::Effect => return self.cut_one(now, call_id),
            Some(_) if draining => Err(AttemptDenied::Draining),
            // Nobody is there any more for whom it would be paid.
            Some(entry) if entry.sponsors.is_empty() => return self.park(call_id, AbortReason::Orphaned),
            Some(entry) if is_exhausted(entry) => Err(AttemptDenied::Exhausted),
            Some(entry) => {
                entry.attempts += 1;
                entry.starting = true;
                Ok(entry.attempts)
            }
        };
        match verdict {
            Ok(n) => {
                if let Some(entry) = self.calls.get_mut(call_id) {
                    entry.model = Some((provider.clone(), model.clone()));
                    entry.asked.insert(n, (provider.clone(), model.clone()));
                    entry.continues = continues;
                }
                let at_ms = self.wall_ms(now);
                let attempt = Attempt { n, provider, model, continues, at_ms };
                self.commit(Record::Started { call_id, attempt });
            }
            Err(why) => self.deny(call_id, why),
        }
    }

    /// An attempt that cost nothing was none, whatever comes instead of the next one.
    fn give_back(&mut self, call_id: CallId, unused: Option<u32>) {
        let asks = |entry: &&mut Entry<D>| entry.is_running() && !entry.starting;
        let Some(entry) = self.calls.get_mut(call_id).filter(asks) else { return };
        if entry.attempts > 0 && unused == Some(entry.attempts) {
            entry.attempts -= 1;
            entry.under_way = None;
        }
    }

    /// The attempt that ran has failed by itself and may have been billed, and the executor is about to ask for another one,
    /// or to end the call.
    pub fn attempt_failed(&mut self, call_id: CallId) {
        let under_way = self.calls.get_mut(call_id).and_then(|entry| entry.under_way.take());
        if let Some(attempt) = under_way {
            self.commit(Record::Failed { call_id, attempt, billed: true });
        }
    }

    /// As [`DaemonEnd::attempt_failed`], of one that cost nothing: it was none, also to the next daemon, if this one dies before
    /// the next attempt begins. That one is given the number as `unused` all the same, for this may not have been told.
    pub fn attempt_cost_nothing(&mut self, now: Duration, call_id: CallId) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        let attempts = entry.attempts;
        if let Some(attempt) = entry.under_way.take_if(|attempt| *attempt == attempts) {
            entry.attempts -= 1;
            self.commit(Record::Failed { call_id, attempt, billed: false });
            let note = Note { call_id, attempt: attempt - 1, text: None };
            self.tell_waiters(now, call_id, &DaemonFrame::Note(note));
        }
    }

    /// Text of an attempt has come: `offset` bytes of the answer were there before.
    pub fn partial(&mut self, call_id: CallId, attempt: u32, offset: u64, text: String) {
        let wanted = |entry: &Entry<D>| entry.is_running() || entry.is_parked();
        let wanted = self.calls.get(call_id).is_some_and(wanted);
        self.no_longer_alone(call_id);
        if wanted {
            self.calls.add_text(call_id, attempt, offset, &text);
        }
        if wanted && self.partial_bytes + text.len() <= PARTIAL_BYTES_MAX {
            self.commit(Record::Partial { call_id, attempt, offset, text });
        }
    }

    pub(super) fn deny(&mut self, call_id: CallId, why: AttemptDenied) {
        self.events.push_back(DaemonEvent::Deny { call_id, why });
    }

    /// How a call is getting on.
    pub fn note(&mut self, now: Duration, call_id: CallId, text: String) {
        // One that waits for its place says so once, and perhaps before it is promised.
        let Some(entry) = self.calls.get(call_id).filter(|entry| entry.is_at_work()) else { return };
        let note = Note { call_id, attempt: entry.attempts, text: Some(text) };
        self.tell_waiters(now, call_id, &DaemonFrame::Note(note));
    }

    /// The executor is through with a call.
    pub fn finished(&mut self, now: Duration, call_id: CallId, finished: Finished) {
        let Some(entry) = self.calls.get(call_id).filter(|entry| entry.is_at_work()) else { return };
        match (&entry.phase, entry.class) {
            (Phase::Accepting(_), _) => self.finished_ahead(now, call_id, finished),
            (_, Class::Pure) => self.deliver_pure(now, call_id, finished),
            _ => self.conclude(now, call_id, finished),
        }
    }

    /// The executor has left a call that was to be aborted.
    pub fn aborted(&mut self, call_id: CallId) {
        self.leaving.remove(&call_id);
    }

    /// A pure call's answer is kept nowhere: where nobody hears it, the call reruns.
    fn deliver_pure(&mut self, now: Duration, call_id: CallId, finished: Finished) {
        let Finished { outcome, body, .. } = finished;
        let frame = ResultFrame { call_id, attempt: 1, outcome, body, replayed: false };
        self.tell_waiters(now, call_id, &DaemonFrame::Result(frame));
        self.forget(call_id);
    }

    pub(super) fn forget(&mut self, call_id: CallId) {
        self.no_longer_alone(call_id);
        self.uncount(call_id);
        self.calls.remove(call_id);
    }

    /// Whether an attempt was begun and its end is not known.
    pub(super) fn may_have_run(&self, call_id: CallId) -> bool {
        let entry = self.calls.get(call_id);
        entry.is_some_and(|entry| entry.attempts > 0 && !entry.is_over())
    }
}

/// Whether all the attempts that it may have were begun.
pub(super) fn is_exhausted<D>(entry: &Entry<D>) -> bool {
    entry.attempts.saturating_sub(entry.cuts.min(CUTS_MAX)) >= attempts_max(entry.class)
}

const fn attempts_max(class: Class) -> u32 {
    match class {
        Class::Effect => 1,
        Class::Pure | Class::Metered => ATTEMPTS_MAX,
    }
}

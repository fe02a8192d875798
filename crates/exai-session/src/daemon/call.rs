//! The table of calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_wire::{CallId, Class, Fingerprint, SessionId};

use super::event::Finished;

/// Where a call stands.
#[derive(Debug)]
pub(super) enum Phase<D> {
    /// Read; its promise is on the way to the journal.
    Accepting,
    /// With the executor.
    Running,
    /// Its end is on the way to the journal.
    Ending,
    /// Ended; the sealed result is delivered to whoever asks.
    Done(Done<D>),
}

#[derive(Debug)]
pub(super) struct Done<D> {
    pub(super) sealed: D,
    pub(super) bytes: usize,
    pub(super) at: Duration,
    pub(super) acked: Option<Duration>,
}

/// A cancel that came while the promise was on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Run,
    Cancel,
}

#[derive(Debug)]
pub(super) struct Entry<D> {
    pub(super) class: Class,
    /// `None` for a cancel that came before its call.
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) phase: Phase<D>,
    pub(super) wish: Wish,
    /// Attempts begun over the call's whole life, other starts and journals included.
    pub(super) attempts: u32,
    /// An attempt whose start is on its way to the journal.
    pub(super) starting: bool,
    /// Params, until the executor has them.
    pub(super) work: Option<Work>,
    /// Sessions whose host waits for the answer.
    pub(super) waiters: BTreeSet<SessionId>,
    /// Sessions on whose behalf new attempts may begin: waiters, and those that were answered otherwise.
    pub(super) sponsors: BTreeSet<SessionId>,
    pub(super) since: Duration,
    pub(super) deadline: Duration,
    pub(super) deadline_told: bool,
    /// The sealed `accepted`, for those who join.
    pub(super) accepted: Option<D>,
}

/// What the executor needs.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) session: SessionId,
    pub(super) method: String,
    pub(super) params: Box<serde_json::value::RawValue>,
}

impl<D> Entry<D> {
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done(_))
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }
}

#[derive(Debug)]
pub(super) struct Calls<D> {
    known: BTreeMap<CallId, Entry<D>>,
    in_flight: usize,
}

impl<D> Default for Calls<D> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), in_flight: 0 }
    }
}

impl<D> Calls<D> {
    pub(super) fn get(&self, call_id: CallId) -> Option<&Entry<D>> {
        self.known.get(&call_id)
    }

    /// For everything but changes of phase to or from `Done`.
    pub(super) fn get_mut(&mut self, call_id: CallId) -> Option<&mut Entry<D>> {
        self.known.get_mut(&call_id)
    }

    pub(super) fn insert(&mut self, call_id: CallId, entry: Entry<D>) {
        if self.known.insert(call_id, entry).is_none_or(|replaced| replaced.is_over()) {
            self.in_flight += 1;
        }
    }

    pub(super) fn remove(&mut self, call_id: CallId) -> Option<Entry<D>> {
        let entry = self.known.remove(&call_id)?;
        if !entry.is_over() {
            self.in_flight -= 1;
        }
        Some(entry)
    }

    pub(super) fn finish(&mut self, call_id: CallId, done: Done<D>) -> Option<&mut Entry<D>> {
        let entry = self.known.get_mut(&call_id)?;
        if !entry.is_over() {
            self.in_flight -= 1;
        }
        entry.work = None;
        entry.phase = Phase::Done(done);
        Some(entry)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn oldest(&self) -> Option<Duration> {
        self.known.values().filter(|entry| !entry.is_over()).map(|entry| entry.since).min()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        self.known.iter().map(|(call_id, entry)| (*call_id, entry))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (CallId, &mut Entry<D>)> {
        self.known.iter_mut().map(|(call_id, entry)| (*call_id, entry))
    }
}

/// An MCP result that tells of a failure.
pub(super) fn error_body(outcome: exai_wire::Outcome, sentence: &str) -> Finished {
    let body = serde_json::json!({ "content": [{ "type": "text", "text": sentence }], "isError": true });
    let body = serde_json::value::to_raw_value(&body).unwrap_or_default();
    Finished { outcome, body }
}

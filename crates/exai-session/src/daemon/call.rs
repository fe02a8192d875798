//! The table of calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_wire::{CallId, Class, Fingerprint, SessionId};

use super::event::Finished;

/// Where a call stands.
#[derive(Debug)]
pub(super) enum Phase<D> {
    /// Read; its record is on the way to the journal.
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
    /// Whose host asked; `None` for a cancel that came before its call.
    pub(super) owner: Option<SessionId>,
}

/// A cancel that came while the record was on its way.
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
    /// Sessions whose host waits for the answer; none once it is over and told.
    pub(super) waiters: BTreeSet<SessionId>,
    /// Sessions on whose behalf new attempts may begin: waiters, and those that were answered otherwise.
    pub(super) sponsors: BTreeSet<SessionId>,
    pub(super) since: Duration,
    /// By when the executor must have ended it; earlier than the shim's own deadline.
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
    /// Those not over, oldest first. The others stay for hours, so nothing that is asked often may walk them all.
    in_flight: BTreeSet<(Duration, CallId)>,
}

impl<D> Default for Calls<D> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), in_flight: BTreeSet::new() }
    }
}

impl<D> Calls<D> {
    pub(super) fn get(&self, call_id: CallId) -> Option<&Entry<D>> {
        self.known.get(&call_id)
    }

    /// For everything but a change to `Done`.
    pub(super) fn get_mut(&mut self, call_id: CallId) -> Option<&mut Entry<D>> {
        self.known.get_mut(&call_id)
    }

    /// Takes a call that is not known yet.
    pub(super) fn insert(&mut self, call_id: CallId, entry: Entry<D>) {
        self.in_flight.insert((entry.since, call_id));
        self.known.insert(call_id, entry);
    }

    pub(super) fn remove(&mut self, call_id: CallId) -> Option<Entry<D>> {
        let entry = self.known.remove(&call_id)?;
        self.in_flight.remove(&(entry.since, call_id));
        Some(entry)
    }

    pub(super) fn finish(&mut self, call_id: CallId, done: Done<D>) -> Option<&mut Entry<D>> {
        let entry = self.known.get_mut(&call_id)?;
        self.in_flight.remove(&(entry.since, call_id));
        entry.work = None;
        entry.phase = Phase::Done(done);
        Some(entry)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub(super) fn oldest(&self) -> Option<Duration> {
        self.in_flight.first().map(|(since, _)| *since)
    }

    /// Calls that are not over.
    pub(super) fn live(&self) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        self.in_flight.iter().filter_map(|(_, call_id)| Some((*call_id, self.known.get(call_id)?)))
    }

    /// Every call that is known.
    pub(super) fn iter(&self) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        self.known.iter().map(|(call_id, entry)| (*call_id, entry))
    }

    /// Does something with each call that is not over.
    pub(super) fn each_live(&mut self, mut what: impl FnMut(CallId, &mut Entry<D>)) {
        for (_, call_id) in &self.in_flight {
            if let Some(entry) = self.known.get_mut(call_id) {
                what(*call_id, entry);
            }
        }
    }
}

/// An MCP result that tells of a failure.
pub(super) fn error_body(outcome: exai_wire::Outcome, sentence: &str) -> Finished {
    let body = serde_json::json!({ "content": [{ "type": "text", "text": sentence }], "isError": true });
    let body = serde_json::value::to_raw_value(&body).unwrap_or_default();
    Finished { outcome, body }
}

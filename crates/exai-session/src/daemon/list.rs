//! What there is of calls, for people.

use std::time::Duration;

use exai_wire::{CallId, Class, KeptFrame, Outcome};

use super::DaemonEnd;
use super::call::{Entry, Phase};
use super::event::CallClass;

/// Where a call stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// On its way to the journal.
    Accepting,
    /// Waits until somebody comes for it.
    Parked,
    /// With the executor.
    Running,
    /// Gets the answer of another call.
    Following,
    /// Its end is on its way to the journal.
    Ending,
    /// Ended, and kept until its host or the same question comes.
    Kept,
    /// Ended, and its host has the answer.
    Delivered,
    /// Ended long ago; only its id is left.
    Buried,
}

impl CallState {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepting => "accepting",
            Self::Parked => "parked",
            Self::Running => "running",
            Self::Following => "following",
            Self::Ending => "ending",
            Self::Kept => "kept",
            Self::Delivered => "delivered",
            Self::Buried => "buried",
        }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallHead {
    /// Key.
    pub call_id: CallId,
    /// Tool; empty for a cancel that came before its call.
    pub tool: String,
    /// Class of the tool.
    pub class: Class,
    /// Where it stands.
    pub state: CallState,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// When it was taken, in milliseconds of wall time.
    pub asked_ms: u64,
    /// When it ended, likewise.
    pub ended_ms: Option<u64>,
    /// Attempts begun.
    pub attempts: u32,
    /// Provider and model asked last.
    pub model: Option<(String, String)>,
    /// Bytes of its result.
    pub bytes: usize,
    /// Hosts that wait for it.
    pub waiters: usize,
    /// Its host was answered otherwise.
    pub detached: bool,
    /// Another call has taken over its answer.
    pub adopted: bool,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Every call that is known and journaled, the newest first, at most so many.
    pub fn calls(&self, most: usize) -> Vec<CallHead> {
        let journaled = self.calls.iter().filter(|(_, entry)| entry.class != Class::Pure);
        let mut heads: Vec<CallHead> = journaled.map(|(call_id, entry)| head(call_id, entry)).collect();
        heads.sort_by_key(|head| (std::cmp::Reverse(head.asked_ms), head.call_id));
        heads.truncate(most);
        heads
    }

    /// One call.
    pub fn call_head(&self, call_id: CallId) -> Option<CallHead> {
        self.calls.get(call_id).map(|entry| head(call_id, entry))
    }

    /// Time left to a running call's deadline.
    pub fn time_left(&self, now: Duration, call_id: CallId) -> Option<Duration> {
        self.calls
            .get(call_id)
            .filter(|entry| !entry.is_over())
            .map(|entry| entry.deadline.saturating_sub(now))
    }
}

fn head<D>(call_id: CallId, entry: &Entry<D>) -> CallHead {
    let (state, outcome, ended_ms, bytes) = match &entry.phase {
        Phase::Considering | Phase::Accepting => (CallState::Accepting, None, None, 0),
        Phase::Parked => (CallState::Parked, None, None, 0),
        Phase::Running => (CallState::Running, None, None, 0),
        Phase::Following => (CallState::Following, None, None, 0),
        Phase::Ending => (CallState::Ending, None, None, 0),
        Phase::Buried => (CallState::Buried, None, Some(entry.buried_ms), 0),
        Phase::Done(done) => {
            let state = if done.acked_ms.is_some() { CallState::Delivered } else { CallState::Kept };
            (state, Some(done.outcome), Some(done.at_ms), done.bytes)
        }
    };
    CallHead {
        call_id,
        tool: entry.tool.clone(),
        class: entry.class,
        state,
        outcome,
        asked_ms: entry.asked_ms,
        ended_ms,
        attempts: entry.attempts,
        model: entry.model.clone(),
        bytes,
        waiters: entry.waiters.len(),
        detached: entry.detached,
        adopted: entry.adopted,
    }
}

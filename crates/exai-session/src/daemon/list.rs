//! What there is of calls, for people.

use std::cmp::Reverse;
use std::time::Duration;

use exai_wire::{CallId, Class, KeptFrame, Outcome, Spent};

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
    /// All of them, in the order in which a call goes through them.
    pub const ALL: [Self; 8] = [
        Self::Accepting,
        Self::Parked,
        Self::Running,
        Self::Following,
        Self::Ending,
        Self::Kept,
        Self::Delivered,
        Self::Buried,
    ];

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

/// A part of the calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallList {
    /// The newest, that first.
    pub heads: Vec<CallHead>,
    /// Older ones beyond those.
    pub left_out: usize,
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
    /// What it cost, once it has ended and where that was told.
    pub spent: Option<Spent>,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// The journaled calls that stand so, the newest first, at most so many.
    pub fn calls(&self, most: usize, is_wanted: impl Fn(CallState) -> bool) -> CallList {
        let wanted = self.journaled().filter(|(_, entry)| is_wanted(state(entry)));
        let mut places: Vec<_> = wanted.map(|(call_id, entry)| (Reverse(entry.asked_ms), call_id)).collect();
        places.sort_unstable();
        let left_out = places.len().saturating_sub(most);
        places.truncate(most);
        let heads = places.into_iter().filter_map(|(_, call_id)| self.call_head(call_id)).collect();
        CallList { heads, left_out }
    }

    /// What is kept in a journal at all.
    fn journaled(&self) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        self.calls.iter().filter(|(_, entry)| entry.class != Class::Pure)
    }

    /// One call.
    pub fn call_head(&self, call_id: CallId) -> Option<CallHead> {
        self.calls.get(call_id).map(|entry| head(call_id, entry))
    }

    /// The journaled calls whose ids begin with these hexadecimal digits, at most two: one is the call that is meant.
    pub fn calls_like(&self, digits: &str) -> Vec<CallId> {
        let is_like = |call_id: &CallId| call_id.to_string().starts_with(digits);
        self.journaled().map(|(call_id, _)| call_id).filter(is_like).take(2).collect()
    }

    /// Time left to a running call's deadline.
    pub fn time_left(&self, now: Duration, call_id: CallId) -> Option<Duration> {
        self.calls
            .get(call_id)
            .filter(|entry| !entry.is_over())
            .map(|entry| entry.deadline.saturating_sub(now))
    }
}

fn state<D>(entry: &Entry<D>) -> CallState {
    match &entry.phase {
        Phase::Considering | Phase::Accepting(_) => CallState::Accepting,
        Phase::Parked => CallState::Parked,
        Phase::Running => CallState::Running,
        Phase::Following => CallState::Following,
        Phase::Ending => CallState::Ending,
        Phase::Buried => CallState::Buried,
        Phase::Done(done) if done.acked_ms.is_some() => CallState::Delivered,
        Phase::Done(_) => CallState::Kept,
    }
}

fn head<D>(call_id: CallId, entry: &Entry<D>) -> CallHead {
    let (outcome, ended_ms, bytes) = match &entry.phase {
        Phase::Done(done) => (Some(done.outcome), Some(done.at_ms), done.bytes),
        Phase::Buried => (None, Some(entry.buried_ms), 0),
        _ => (None, None, 0),
    };
    CallHead {
        call_id,
        tool: entry.tool.clone(),
        class: entry.class,
        state: state(entry),
        outcome,
        asked_ms: entry.asked_ms,
        ended_ms,
        attempts: entry.attempts,
        model: entry.model.clone(),
        bytes,
        waiters: entry.waiters.len(),
        detached: entry.detached,
        adopted: entry.adopted,
        spent: entry.spent,
    }
}

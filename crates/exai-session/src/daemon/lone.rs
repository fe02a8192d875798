//! The last attempt of a call during which daemons died before. It may be what they died of, so calls of this kind begin one
//! after the other: each has a while in which no other call has its last attempt at stake. Where a restart has caught many
//! of them, a quarter begins at a time: one that kills takes no more than those along, and the last waits no longer than
//! for three others.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use exai_wire::{CallId, KeptFrame};

use super::DaemonEnd;
use super::call::Entry;
use super::event::{AttemptFate, CallClass};
use super::execute::is_exhausted;

/// How long the others wait at most. What kills a daemon mostly does so when the request is built or the first of its answer
/// is read; longer waits would cost many calls, which a restart has caught together, more than they save.
const ALONE_FOR: Duration = Duration::from_millis(200);
/// Deaths of daemons during a call that make it suspect.
const DEATHS: usize = 2;

/// A wish to begin an attempt, as [`DaemonEnd::attempt`] was given it.
#[derive(Debug)]
pub(super) struct AttemptWish {
    pub(super) call_id: CallId,
    pub(super) unused: Option<u32>,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) continues: u64,
}

/// Who is alone, and who waits for that.
#[derive(Debug, Default)]
pub(super) struct Lone {
    /// Until when each has its while.
    alone: BTreeMap<CallId, Duration>,
    waiting: VecDeque<AttemptWish>,
}

/// The part of those that are suspect that begins at a time.
const PART: usize = 4;

impl Lone {
    /// When the next one may begin: at once, or when one has had its while.
    pub(super) fn next_due(&self) -> Option<Duration> {
        match (self.waiting.is_empty(), self.is_full()) {
            (true, _) => None,
            (false, false) => Some(Duration::ZERO),
            (false, true) => self.alone.values().min().copied(),
        }
    }

    fn has_room(&mut self, now: Duration) -> bool {
        self.alone.retain(|_, until| *until > now);
        !self.is_full()
    }

    fn is_full(&self) -> bool {
        let suspects = self.alone.len() + self.waiting.len();
        self.alone.len() >= (suspects / PART).max(1)
    }
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Takes the wish of a suspect call to begin, if another one is alone now; gives it back if this one may begin.
    pub(super) fn wait_alone(&mut self, now: Duration, wish: AttemptWish) -> Option<AttemptWish> {
        if !self.calls.get(wish.call_id).is_some_and(is_suspect) {
            return Some(wish);
        }
        if self.lone.alone.contains_key(&wish.call_id) || self.lone.has_room(now) {
            self.lone.alone.insert(wish.call_id, now + ALONE_FOR);
            return Some(wish);
        }
        self.lone.waiting.push_back(wish);
        None
    }

    /// A call has shown that it can be lived with, or is over.
    pub(super) fn no_longer_alone(&mut self, call_id: CallId) {
        self.lone.alone.remove(&call_id);
        self.lone.waiting.retain(|wish| wish.call_id != call_id);
    }

    /// Lets the next one begin.
    pub(super) fn next_alone(&mut self, now: Duration) {
        while !self.lone.waiting.is_empty() && self.lone.has_room(now) {
            let Some(wish) = self.lone.waiting.pop_front() else { return };
            self.lone.alone.insert(wish.call_id, now + ALONE_FOR);
            self.attempt(now, wish.call_id, wish.unused, (&wish.provider, &wish.model), wish.continues);
        }
    }
}

/// One that may not begin any more keeps nobody waiting.
fn is_suspect<D>(entry: &Entry<D>) -> bool {
    if is_exhausted(entry) {
        return false;
    }
    let died =
        entry.before.iter().filter(|before| before.fate == AttemptFate::Lost && !before.model.is_empty());
    died.count() >= DEATHS
}

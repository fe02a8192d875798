//! What keeps the daemon from taking new calls although it runs: a journal that takes nothing, or has no room left.

use std::collections::BTreeSet;
use std::time::Duration;

use exai_wire::{CallId, KeptFrame};

use super::DaemonEnd;
use super::event::{CallClass, NotKept};

/// A refusal is told for so long after it. Who was refused comes again every second, so that one that is not repeated is past.
const TOLD_FOR: Duration = Duration::from_secs(5);

/// Why no new call is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strain {
    /// The journal does not take what it is given.
    Refused {
        /// Answers that wait until it does.
        waiting: usize,
        /// Whether it is for lack of room.
        full: bool,
        /// What the journal said.
        why: String,
    },
    /// Answers that their hosts have not taken yet fill all the room that there is for them.
    Filled,
}

/// What the journal did not take.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Calls whose end is tried again and again.
    unkept: BTreeSet<CallId>,
    last: Option<(Duration, NotKept)>,
}

impl Refusals {
    /// The journal has not taken a record; of the end of a call, that it is tried again.
    pub(super) fn refused(&mut self, now: Duration, end_of: Option<CallId>, error: &NotKept) {
        self.unkept.extend(end_of);
        self.last = Some((now, error.clone()));
    }

    /// The end of a call is kept after all.
    pub(super) fn kept(&mut self, call_id: CallId) {
        self.unkept.remove(&call_id);
    }

    /// The journal has taken something new: there is room.
    pub(super) fn taken(&mut self) {
        if self.unkept.is_empty() {
            self.last = None;
        }
    }

    pub(super) fn is_behind(&self) -> bool {
        !self.unkept.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unkept.is_empty() && self.last.is_none()
    }

    /// Forgets a refusal that was not repeated.
    pub(super) fn sweep(&mut self, now: Duration) {
        let is_past = self.last.as_ref().is_some_and(|(at, _)| *at + TOLD_FOR <= now);
        if is_past && self.unkept.is_empty() {
            self.last = None;
        }
    }
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Why new calls are refused, if they are. One that costs nothing and is kept nowhere is taken all the same.
    pub fn strain(&self) -> Option<Strain> {
        let Refusals { unkept, last } = &self.refusals;
        match last {
            Some((_, NotKept { full, why, .. })) => {
                Some(Strain::Refused { waiting: unkept.len(), full: *full, why: why.clone() })
            }
            None => self.full.then_some(Strain::Filled),
        }
    }
}

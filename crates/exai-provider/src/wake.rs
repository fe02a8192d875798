//! Whether the machine slept, or this process stood still: clocks that ran meanwhile accuse nobody.
//!
//! Two signs tell. While a machine sleeps the monotonic clock of most systems stands still, and the wall clock does not.
//! Where it runs on, as it does for a process that was stopped, timers go off late. A wall clock that somebody corrects
//! looks like a sleep, too; so nothing is given up for it that still lives.

use std::time::Duration;

/// How often a stream is looked after at least, so that a sleep is noticed soon after it.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Shorter ones are none: a busy machine is late by seconds, and clocks are corrected by as much.
const SLEEP_MIN: Duration = Duration::from_secs(30);

/// A sleep, as it is noticed after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sleep {
    /// How long it was.
    pub(crate) long: Duration,
    /// A moment on the monotonic clock that is not after the waking, and at most [`LOOK_EVERY`] before.
    pub(crate) woke: Duration,
    /// When it was noticed.
    pub(crate) noticed: Duration,
}

/// Compares both clocks from look to look, which are never further apart than [`LOOK_EVERY`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch {
    now: Duration,
    wall: Duration,
}

impl Watch {
    /// Begins to look.
    pub(crate) fn new(now: Duration, wall: Duration) -> Self {
        Self { now, wall }
    }

    /// Looks at both clocks; the sleep since the last look, if there was one.
    pub(crate) fn look(&mut self, now: Duration, wall: Duration) -> Option<Sleep> {
        let (ran, passed) = (now.saturating_sub(self.now), wall.saturating_sub(self.wall));
        let (stopped, late) = (passed.saturating_sub(ran), ran.saturating_sub(LOOK_EVERY));
        let woke = if late > SLEEP_MIN { now } else { self.now };
        let long = stopped.max(late);
        *self = Self { now, wall };
        (long > SLEEP_MIN).then_some(Sleep { long, woke, noticed: now })
    }
}

#[cfg(test)]
mod tests;

//! How often a provider may be asked the same again: a fifth of what it is asked anyway, so that retries never become the
//! load that keeps it down.
//!
//! No I/O and no clock.

use std::time::Duration;

use crate::minute::Minute;

/// Retries in the window that are always there.
const LEAST: u32 = 3;

/// Of so many requests one may be a retry.
const SHARE: u32 = 5;

/// The requests of the last minute, and how many of them were retries.
#[derive(Debug, Default)]
pub(crate) struct RetryBudget {
    /// Requests, retries.
    recent: Minute,
    skipped: u64,
}

impl RetryBudget {
    /// A request goes out.
    pub(crate) fn request(&mut self, now: Duration) {
        self.recent.add(now, (1, 0));
    }

    /// Takes a retry out of it; `false` where it is empty.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let (requests, retries) = self.recent.sums(now);
        if retries >= LEAST.max(requests / SHARE) {
            return false;
        }
        self.force(now);
        true
    }

    /// A retry goes out in any case.
    pub(crate) fn force(&mut self, now: Duration) {
        self.recent.add(now, (0, 1));
    }

    /// A retry was left out for want of budget.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Retries left out so far.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }
}

#[cfg(test)]
mod tests;

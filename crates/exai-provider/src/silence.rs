//! A provider's silence, told while it lasts: who waits for an answer need not guess whether anything goes on.

use std::time::Duration;

/// Shorter ones are told to nobody: models load, think and pause for so long every day.
const TOLD_FROM: Duration = Duration::from_secs(10);

/// Since when no text has come, and how long that will have lasted when it is told next: each time twice as long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Silence {
    since: Duration,
    told_from: Duration,
}

impl Silence {
    /// It begins.
    pub(crate) const fn new(since: Duration) -> Self {
        Self { since, told_from: TOLD_FROM }
    }

    /// When it is to be told next.
    pub(crate) fn next_telling(&self) -> Duration {
        self.since + self.told_from
    }

    /// How long it has lasted, where it is to be told now.
    pub(crate) fn tell(&mut self, now: Duration) -> Option<Duration> {
        let long = now.saturating_sub(self.since);
        if long < self.told_from {
            return None;
        }
        self.told_from = long * 2;
        Some(long)
    }
}

#[cfg(test)]
mod tests;

//! At most so many log lines of a kind in a while.

use std::time::Duration;

/// Lines that pass in each window: an outage's beginning is worth reading, its thousandth dial is not.
const LINES: u32 = 5;

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(30);

/// Counts one kind of line.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    since: Duration,
    lines: u32,
    suppressed: u64,
}

impl Gate {
    /// Whether a line may be written now; if so, how many of its kind were left out before it.
    pub(crate) fn pass(&mut self, now: Duration) -> Option<u64> {
        if now.saturating_sub(self.since) >= WINDOW {
            self.since = now;
            self.lines = 0;
        }
        if self.lines >= LINES {
            self.suppressed += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests;

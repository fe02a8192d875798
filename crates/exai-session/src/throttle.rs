//! Bounds how often an event is logged: an outage's beginning is worth reading, its thousandth dial is not.

use std::time::Duration;

/// Counts events of one kind.
#[derive(Debug)]
pub struct Throttle {
    most: u32,
    window: Duration,
    since: Duration,
    seen: u32,
}

impl Throttle {
    /// Lets so many events through in each window of this length.
    pub const fn new(most: u32, window: Duration) -> Self {
        Self { most, window, since: Duration::ZERO, seen: 0 }
    }

    /// Whether an event at `now` is to be logged, and then how many before it were not.
    pub fn admit(&mut self, now: Duration) -> Option<u32> {
        let mut left_out = 0;
        if now.saturating_sub(self.since) >= self.window {
            left_out = self.seen.saturating_sub(self.most);
            (self.since, self.seen) = (now, 0);
        }
        self.seen = self.seen.saturating_add(1);
        (self.seen <= self.most).then_some(left_out)
    }
}

#[cfg(test)]
mod tests;

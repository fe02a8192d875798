//! Bounds how often an event is logged.

use std::time::Duration;

/// Events in a window that are let through; a thousand sessions that come back at once say so in ten lines.
const EVENTS: u32 = 10;

/// The window.
const WINDOW: Duration = Duration::from_secs(10);

/// Counts events of one kind.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    window: Duration,
    seen: u32,
}

impl Throttle {
    /// Whether an event at `now` is to be logged, and then how many before it were not.
    pub(crate) fn admit(&mut self, now: Duration) -> Option<u32> {
        let mut left_out = 0;
        if now.saturating_sub(self.window) >= WINDOW {
            left_out = self.seen.saturating_sub(EVENTS);
            *self = Self { window: now, seen: 0 };
        }
        self.seen = self.seen.saturating_add(1);
        (self.seen <= EVENTS).then_some(left_out)
    }
}

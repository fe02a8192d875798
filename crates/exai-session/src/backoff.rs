//! Pauses between dials.
//!
//! After a loss the first dial comes within 50 ms, then `min(cap, U(base, 3 × previous))`. On loopback, while a call
//! is held, the cap is 120 ms however long the outage lasts: a person waits, half of it is what a restarted daemon
//! keeps them waiting at the median, and a failed connect there costs tens of microseconds. With nothing held the pauses grow to 5 s after a minute and 15 s after ten. There is no limit on
//! the number of dials.

use std::time::Duration;

use exai_wire::Reconnect;

use crate::jitter::Jitter;

const FIRST_WITHIN: Duration = Duration::from_millis(50);
const BASE: Duration = Duration::from_millis(50);
/// Cap before any daemon has said its own; within the 250 ms to 2 s that daemons give.
const CAP: Duration = Duration::from_millis(1000);
const CAP_MAX: Duration = Duration::from_secs(2);
const CAP_LOOPBACK_HELD: Duration = Duration::from_millis(120);
/// Lowest cap that a daemon's own number may set.
const CAP_MIN: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Backoff {
    previous: Duration,
    base: Duration,
    cap: Duration,
    jitter: Jitter,
}

/// What the length of a pause depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) loopback: bool,
    pub(crate) calls_held: bool,
    /// Time since the loss.
    pub(crate) outage: Duration,
}

impl Backoff {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { previous: BASE, base: BASE, cap: CAP, jitter: Jitter::new(seed) }
    }

    /// A daemon's own numbers, within bounds that keep a broken one from silencing or flooding.
    pub(crate) fn tune(&mut self, reconnect: Reconnect) {
        self.base = Duration::from_millis(reconnect.base_ms).clamp(Duration::from_millis(10), CAP);
        self.cap = Duration::from_millis(reconnect.cap_ms).clamp(CAP_MIN, CAP_MAX);
    }

    /// A connection that lived this long was a success: the pauses after it start from the beginning.
    pub(crate) const SUCCESS_AFTER: Duration = Duration::from_secs(10);

    /// The pause before the first dial after a success.
    pub(crate) fn after_success(&mut self) -> Duration {
        self.previous = self.base;
        self.jitter.between(Duration::ZERO, FIRST_WITHIN)
    }

    /// The pause that a `goaway` asks for.
    pub(crate) fn after_goaway(&mut self, retry_after: Duration, spread: Duration) -> Duration {
        retry_after + self.jitter.between(Duration::ZERO, spread)
    }

    /// The pause after a failed dial.
    pub(crate) fn after_failure(&mut self, circumstances: Circumstances) -> Duration {
        let cap = self.cap_under(circumstances);
        let pause = self.jitter.between(self.base, self.previous * 3).min(cap);
        self.previous = pause;
        pause
    }

    fn cap_under(&self, circumstances: Circumstances) -> Duration {
        let Circumstances { loopback, calls_held, outage } = circumstances;
        match (calls_held, loopback) {
            (true, true) => CAP_LOOPBACK_HELD,
            (true, false) => self.cap,
            (false, _) if outage >= Duration::from_secs(600) => Duration::from_secs(15),
            (false, _) if outage >= Duration::from_secs(60) => Duration::from_secs(5),
            (false, _) => self.cap,
        }
    }
}

#[cfg(test)]
mod tests;

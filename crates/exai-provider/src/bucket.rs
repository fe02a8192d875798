//! So many a minute, and no more in any minute: requests or tokens.
//!
//! No I/O and no clock. It remembers one moment, by which what was let through is paid for at an even rate; a part of the
//! minute's number may go at once.

use std::time::Duration;

const MINUTE_NS: u128 = 60_000_000_000;

/// A rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// What may go at once.
    burst: u32,
    /// Time that one takes.
    each_ns: u128,
    /// When all that was let through is paid for, in nanoseconds.
    paid_at: u128,
}

impl Bucket {
    /// At least 1 a minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        let burst = (per_minute / 4).max(1);
        // The burst and a minute's refill together are what a minute may have.
        let refill = per_minute - burst + 1;
        Self { burst, each_ns: MINUTE_NS.div_ceil(u128::from(refill)), paid_at: 0 }
    }

    /// When `cost` may go, at the earliest, behind `before` of others: now, or later. More than may go at once goes when
    /// nothing is owed.
    pub(crate) fn ready_at(&self, now: Duration, before: u64, cost: u32) -> Duration {
        let ahead = u128::from(self.burst - cost.min(self.burst)) * self.each_ns;
        let owed = self.paid_at.max(now.as_nanos()) + u128::from(before) * self.each_ns;
        let at = owed.saturating_sub(ahead).max(now.as_nanos());
        Duration::from_nanos(u64::try_from(at).unwrap_or(u64::MAX))
    }

    /// As it would be without the last `cost` that went.
    pub(crate) fn without(&self, cost: u64) -> Self {
        Self { paid_at: self.paid_at.saturating_sub(u128::from(cost) * self.each_ns), ..*self }
    }

    /// `cost` goes.
    pub(crate) fn take(&mut self, now: Duration, cost: u32) {
        self.paid_at = self.paid_at.max(now.as_nanos()) + u128::from(cost) * self.each_ns;
    }

    /// `cost` was taken, and it was `really`.
    pub(crate) fn correct(&mut self, cost: u32, really: u32) {
        let back = u128::from(cost.saturating_sub(really)) * self.each_ns;
        let more = u128::from(really.saturating_sub(cost)) * self.each_ns;
        self.paid_at = self.paid_at.saturating_sub(back) + more;
    }
}

#[cfg(test)]
mod tests;

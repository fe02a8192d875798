//! So many a minute, and no more in any minute: requests or tokens.
//!
//! No I/O and no clock. What was let through is paid for at an even rate; a part of the minute's number may go at once. What
//! one really cost is known later: then all is reckoned anew, as if that had been taken in its time.

use std::collections::VecDeque;
use std::time::Duration;

/// A minute, and a second by which one may be longer on its way than a later one: one dials, the other need not.
const MINUTE_NS: u128 = 61_000_000_000;

/// A rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// What may go at once.
    burst: u32,
    /// Time that one takes.
    each_ns: u128,
    /// What went, in order. No two neighbours are settled, so there are at most twice as many as are not, and one.
    taken: VecDeque<Step>,
    next: u64,
}

/// What was taken, until it is known what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken(u64);

/// One that went, or several in a row: it is paid for from its moment on, or when all before it is.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Its number, until its cost is known.
    open: Option<Taken>,
    from_ns: u128,
    cost_ns: u128,
}

impl Step {
    /// When it is paid for, behind what is paid for at this moment.
    fn paid_at(&self, before: u128) -> u128 {
        before.max(self.from_ns) + self.cost_ns
    }

    /// This one and then another.
    fn and(self, next: Self) -> Self {
        let from_ns = self.from_ns.max(next.from_ns.saturating_sub(self.cost_ns));
        Self { open: None, from_ns, cost_ns: self.cost_ns + next.cost_ns }
    }
}

impl Bucket {
    /// At least 1 a minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        let burst = (per_minute / 4).max(1);
        // The burst and a minute's refill together are what a minute may have.
        let refill = per_minute - burst + 1;
        let each_ns = MINUTE_NS.div_ceil(u128::from(refill));
        Self { burst, each_ns, taken: VecDeque::new(), next: 0 }
    }

    /// The same, where what went before is paid for only in a while.
    pub(crate) fn owing(per_minute: u32, now: Duration, owed: Duration) -> Self {
        let before = Step { open: None, from_ns: now.as_nanos(), cost_ns: owed.as_nanos() };
        Self { taken: VecDeque::from([before]), ..Self::new(per_minute) }
    }

    /// How long it takes still until all is paid for that went, or what of it is sure.
    pub(crate) fn owed(&self, now: Duration, is_sure: bool) -> Duration {
        let owed = self.paid_at(is_sure).saturating_sub(now.as_nanos());
        Duration::from_nanos(u64::try_from(owed).unwrap_or(u64::MAX))
    }

    /// When that is.
    fn paid_at(&self, is_sure: bool) -> u128 {
        let steps = self.taken.iter().filter(|step| !is_sure || step.open.is_none());
        steps.fold(0, |paid_at, step| step.paid_at(paid_at))
    }

    /// When `cost` may go, at the earliest, behind `before` of others: now, or later. More than may go at once goes when
    /// nothing is owed.
    pub(crate) fn ready_at(&self, now: Duration, before: u64, cost: u32) -> Duration {
        self.ready(self.paid_at(false), now, before, cost)
    }

    /// The same if nothing of which the cost is not known yet turns out to have cost anything.
    pub(crate) fn not_before(&self, now: Duration, before: u64, cost: u32) -> Duration {
        self.ready(self.paid_at(true), now, before, cost)
    }

    fn ready(&self, paid_at: u128, now: Duration, before: u64, cost: u32) -> Duration {
        let ahead = u128::from(self.burst - cost.min(self.burst)) * self.each_ns;
        let owed = paid_at.max(now.as_nanos()) + u128::from(before) * self.each_ns;
        let at = owed.saturating_sub(ahead).max(now.as_nanos());
        Duration::from_nanos(u64::try_from(at).unwrap_or(u64::MAX))
    }

    /// `cost` goes; [`Bucket::settle`] follows.
    pub(crate) fn take(&mut self, now: Duration, cost: u32) -> Taken {
        let taken = Taken(self.next);
        self.next += 1;
        let cost_ns = u128::from(cost) * self.each_ns;
        self.taken.push_back(Step { open: Some(taken), from_ns: now.as_nanos(), cost_ns });
        taken
    }

    /// What was taken cost `really`.
    pub(crate) fn settle(&mut self, taken: Taken, really: u32) {
        let cost_ns = u128::from(really) * self.each_ns;
        if let Some(step) = self.taken.iter_mut().find(|step| step.open == Some(taken)) {
            (step.open, step.cost_ns) = (None, cost_ns);
        }
        let mut all = std::mem::take(&mut self.taken);
        for step in all.drain(..) {
            match self.taken.back_mut() {
                Some(last) if last.open.is_none() && step.open.is_none() => *last = last.and(step),
                _ => self.taken.push_back(step),
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! How often a provider may be asked the same again: a fifth of what it is asked anyway, so that retries never become the
//! load that keeps it down.
//!
//! No I/O and no clock.

use std::time::Duration;

const BUCKET: Duration = Duration::from_secs(10);
const BUCKETS: usize = 6;

/// Retries in the window that are always there.
const LEAST: u32 = 3;

/// Of so many requests one may be a retry.
const SHARE: u32 = 5;

/// The requests of the last minute, and how many of them were retries.
#[derive(Debug, Default)]
pub(crate) struct RetryBudget {
    buckets: [Bucket; BUCKETS],
    skipped: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Bucket {
    slot: u64,
    requests: u32,
    retries: u32,
}

impl RetryBudget {
    /// A request goes out.
    pub(crate) fn request(&mut self, now: Duration) {
        if let Some(bucket) = self.bucket(now) {
            bucket.requests = bucket.requests.saturating_add(1);
        }
    }

    /// Takes a retry out of it; `false` where it is empty.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let newest = slot(now);
        let young = self.buckets.iter().filter(|one| newest.saturating_sub(one.slot) < BUCKETS as u64);
        let (requests, retries) =
            young.fold((0_u32, 0_u32), |(all, again), one| (all + one.requests, again + one.retries));
        if retries >= LEAST.max(requests / SHARE) {
            return false;
        }
        self.force(now);
        true
    }

    /// A retry goes out in any case.
    pub(crate) fn force(&mut self, now: Duration) {
        if let Some(bucket) = self.bucket(now) {
            bucket.retries = bucket.retries.saturating_add(1);
        }
    }

    /// A retry was left out for want of budget.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Retries left out so far.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    fn bucket(&mut self, now: Duration) -> Option<&mut Bucket> {
        let slot = slot(now);
        let index = usize::try_from(slot).unwrap_or(0) % BUCKETS;
        let bucket = self.buckets.get_mut(index)?;
        if bucket.slot != slot {
            *bucket = Bucket { slot, ..Bucket::default() };
        }
        Some(bucket)
    }
}

fn slot(now: Duration) -> u64 {
    now.as_secs() / BUCKET.as_secs()
}

#[cfg(test)]
mod tests;

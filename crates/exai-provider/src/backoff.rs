//! Pauses between attempts on the same candidate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// First pause after trouble on the provider's side, and the longest.
const BASE_MS: u64 = 500;
const CAP_MS: u64 = 8_000;

/// No pause of ours is longer than this; a provider that wants more is left for another candidate.
pub(crate) const LONGEST: Duration = Duration::from_millis(CAP_MS);

/// Pauses for a rate limit without a wish of the provider's own. Limits that count concurrent requests of other clients
/// of an account have been seen to last for five minutes.
const RATE_S: [u64; 7] = [2, 5, 15, 30, 60, 90, 120];

/// The pause before the retry `tries` (from 0) after trouble on the provider's side: uniform up to a bound that doubles, so
/// that many callers don't come back together.
pub(crate) fn server(tries: u32, jitter: &Jitter) -> Duration {
    let bound = BASE_MS.saturating_mul(1 << tries.min(16)).min(CAP_MS);
    Duration::from_millis(jitter.below(bound + 1))
}

/// The pause before the retry `tries` (from 0) at a rate limit; `None` once it was tried often enough.
pub(crate) fn rate(tries: u32) -> Option<Duration> {
    RATE_S.get(tries as usize).map(|seconds| Duration::from_secs(*seconds))
}

/// Random numbers from a seed.
pub(crate) struct Jitter(AtomicU64);

impl Jitter {
    /// Starts at a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Uniform below `bound`, which is above 0. The step of SplitMix64.
    fn below(&self, bound: u64) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}

//! Randomness from a seed.

use std::time::Duration;

/// SplitMix64: two lines, and the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(0x1405_7b7e_f767_814f))
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`; 0 where there are none.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.roll().checked_rem(sides).unwrap_or(0)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A span of milliseconds, both ends included, to the microsecond.
    pub(crate) fn ms(&mut self, low: u64, high: u64) -> Duration {
        let span = high.saturating_sub(low) * 1000;
        Duration::from_micros(low * 1000 + self.below(span + 1))
    }

    pub(crate) fn pick<T: Copy>(&mut self, among: &[T]) -> Option<T> {
        let n = self.below(u64::try_from(among.len()).unwrap_or(0));
        among.get(usize::try_from(n).unwrap_or(0)).copied()
    }

    /// One of them, the heavier the likelier.
    pub(crate) fn weigh<T: Copy>(&mut self, among: &[(T, u64)]) -> Option<T> {
        let mut left = self.below(among.iter().map(|(_, weight)| weight).sum());
        for (what, weight) in among {
            if left < *weight {
                return Some(*what);
            }
            left -= weight;
        }
        None
    }

    pub(crate) fn id(&mut self) -> [u8; 16] {
        let bits = (u128::from(self.roll()) << 64) | u128::from(self.roll());
        bits.to_be_bytes()
    }
}

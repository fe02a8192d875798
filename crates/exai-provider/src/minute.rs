//! What was counted in the last minute, which is forgotten ten seconds at a time: two numbers, since both users ask for the
//! share of one in the other.
//!
//! No I/O and no clock.

use std::time::Duration;

const STEP: Duration = Duration::from_secs(10);
const STEPS: usize = 6;

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Minute([Step; STEPS]);

#[derive(Debug, Default, Clone, Copy)]
struct Step {
    /// Its number since the clock began.
    number: u64,
    counts: (u32, u32),
}

impl Minute {
    /// Counts these.
    pub(crate) fn add(&mut self, now: Duration, counts: (u32, u32)) {
        let number = number(now);
        let index = usize::try_from(number).unwrap_or(0) % STEPS;
        if let Some(step) = self.0.get_mut(index) {
            let known = if step.number == number { step.counts } else { (0, 0) };
            *step = Step { number, counts: plus(known, counts) };
        }
    }

    /// What there is of both.
    pub(crate) fn sums(&self, now: Duration) -> (u32, u32) {
        let newest = number(now);
        let young = self.0.iter().filter(|step| newest.saturating_sub(step.number) < STEPS as u64);
        young.fold((0, 0), |sum, step| plus(sum, step.counts))
    }
}

fn plus(a: (u32, u32), b: (u32, u32)) -> (u32, u32) {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1))
}

fn number(now: Duration) -> u64 {
    now.as_secs() / STEP.as_secs()
}

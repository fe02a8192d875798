//! What a provider is paid, by the UTC day, and how much of it is the most.
//!
//! A request is charged with its question when it goes out, so that one whose daemon dies has not been free, and with what
//! the provider told of it, or an estimate, once it is over. What runs when the ceiling is reached runs to its end: a day
//! costs at most as much more as the requests that were in flight.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::memory::{Memory, Recalled, Remembered};
use crate::model::Price;
use crate::reply::Usage;
use crate::timer::Timer;
use crate::tokens;

const DAY: Duration = Duration::from_secs(86_400);

/// What an attempt cost, in billionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cost {
    /// `None`: nothing, or there is no price for all of it.
    pub(crate) nano_usd: Option<u64>,
    /// Whether the provider did not tell how much it was.
    pub(crate) is_estimated: bool,
}

/// What one provider was paid today.
pub(crate) struct Ledger {
    memo: String,
    /// The most for a day, in billionths of a dollar.
    ceiling: Option<u64>,
    memory: Arc<dyn Memory>,
    today: Mutex<Today>,
}

/// As it is remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Today {
    /// Days since 1970.
    day: u64,
    nano_usd: u64,
}

impl Today {
    /// What counts now: nothing of another day.
    fn turned(self, wall: Duration) -> Self {
        let day = wall.as_secs() / DAY.as_secs();
        if self.day == day { self } else { Self { day, nano_usd: 0 } }
    }
}

/// The end of the UTC day in which this moment lies.
pub(crate) fn midnight(wall: Duration) -> Duration {
    DAY * u32::try_from(wall.as_secs() / DAY.as_secs() + 1).unwrap_or(u32::MAX)
}

impl Ledger {
    /// Of a provider, with what was remembered of today.
    pub(crate) fn new(
        provider: &str,
        ceiling: Option<u64>,
        memory: Arc<dyn Memory>,
        recalled: &Recalled,
    ) -> Self {
        let memo = format!("spend/{provider}");
        let known = recalled.get(&memo).and_then(|known| serde_json::from_str(&known.body).ok());
        Self { memo, ceiling, memory, today: Mutex::new(known.unwrap_or_default()) }
    }

    /// The most for a day, in billionths of a dollar.
    pub(crate) const fn ceiling(&self) -> Option<u64> {
        self.ceiling
    }

    /// What it was paid today.
    pub(crate) fn spent(&self, wall: Duration) -> u64 {
        self.today().turned(wall).nano_usd
    }

    /// Charges a request that goes out now, whose question has so many tokens.
    pub(crate) fn charge<'l>(
        &'l self,
        timer: &'l dyn Timer,
        price: Option<Price>,
        prompt: u64,
    ) -> Charge<'l> {
        let paid = estimate(price, prompt, 0);
        self.change(timer.wall(), paid, 0);
        Charge { ledger: self, timer, price, prompt, came: AtomicU64::new(0), paid, is_settled: false }
    }

    fn change(&self, wall: Duration, more: u64, less: u64) {
        if more == less {
            return;
        }
        let mut today = self.today();
        *today = today.turned(wall);
        // What was charged before midnight was another day's.
        today.nano_usd = today.nano_usd.saturating_add(more).saturating_sub(less);
        let body = serde_json::to_string(&*today).unwrap_or_default();
        // Under the lock, so that the newest sum is the last that is put.
        self.memory.put(&self.memo, Some(Remembered { until: midnight(wall), body }));
    }

    fn today(&self) -> MutexGuard<'_, Today> {
        // Every change is one step, so a panic elsewhere leaves it whole.
        self.today.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that runs, and what it was charged. Dropped, it is charged with what has come.
pub(crate) struct Charge<'l> {
    ledger: &'l Ledger,
    timer: &'l dyn Timer,
    price: Option<Price>,
    prompt: u64,
    /// Bytes of the answer.
    came: AtomicU64,
    paid: u64,
    is_settled: bool,
}

impl Charge<'_> {
    /// So much of the answer has come, in bytes, all together.
    pub(crate) fn came(&self, bytes: usize) {
        self.came.store(bytes as u64, Ordering::Relaxed);
    }

    /// It is over: it cost what the provider told, or an estimate, or nothing.
    pub(crate) fn settle(mut self, usage: Option<Usage>, is_billed: bool) -> Cost {
        self.is_settled = true;
        if !is_billed {
            self.pay(0);
            return Cost::default();
        }
        let told = usage.zip(self.price).and_then(|(usage, price)| price.nano_usd(usage));
        let paid = match (told, usage) {
            (Some(told), _) => told,
            // Without a price of their own, tokens from the cache count as others do.
            (None, Some(usage)) => estimate(self.price, usage.prompt_tokens, usage.completion_tokens),
            (None, None) => self.estimated(),
        };
        self.pay(paid);
        match usage {
            Some(_) => Cost { nano_usd: told, is_estimated: false },
            None => Cost { nano_usd: self.price.map(|_| paid), is_estimated: true },
        }
    }

    fn estimated(&self) -> u64 {
        estimate(self.price, self.prompt, tokens::of_bytes(self.came.load(Ordering::Relaxed)))
    }

    fn pay(&self, paid: u64) {
        self.ledger.change(self.timer.wall(), paid, self.paid);
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.pay(self.estimated());
        }
    }
}

fn estimate(price: Option<Price>, prompt: u64, completion: u64) -> u64 {
    let usage = Usage { prompt_tokens: prompt, completion_tokens: completion, ..Usage::default() };
    price.and_then(|price| price.nano_usd(usage)).unwrap_or_default()
}

#[cfg(test)]
mod tests;

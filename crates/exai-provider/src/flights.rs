//! The requests that run at a provider.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// No progress yet.
const NEVER: u64 = u64::MAX;

/// Moment of the last progress, that may be told from within a request without a lock.
#[derive(Debug)]
pub(crate) struct Progress(AtomicU64);

impl Default for Progress {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

impl Progress {
    /// There is some.
    pub(crate) fn made(&self, now: Duration) {
        self.0.store(millis(now), Ordering::Relaxed);
    }

    /// How long ago, in milliseconds.
    pub(crate) fn since(&self, now: Duration) -> Option<u64> {
        let at = self.0.load(Ordering::Relaxed);
        (at != NEVER).then(|| millis(now).saturating_sub(at))
    }
}

/// All of one provider.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    running: BTreeMap<u64, Flight>,
    next: u64,
}

#[derive(Debug)]
struct Flight {
    model: Arc<str>,
    began: Duration,
    /// It has its place, and waits for the rate.
    is_held: bool,
    progress: Arc<Progress>,
}

/// Those of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Load {
    pub(crate) in_flight: u32,
    /// Those that have a place, and wait for the rate; they count as none of the others.
    pub(crate) held: u32,
    /// Age of the oldest, in milliseconds.
    pub(crate) oldest_ms: Option<u64>,
    /// Since the last progress of any, in milliseconds.
    pub(crate) last_progress_ms: Option<u64>,
}

impl Flights {
    /// One begins; gives its number.
    pub(crate) fn begin(&mut self, model: Arc<str>, now: Duration, progress: Arc<Progress>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.running.insert(number, Flight { model, began: now, is_held: false, progress });
        number
    }

    /// It waits for the rate.
    pub(crate) fn hold(&mut self, number: u64) {
        if let Some(flight) = self.running.get_mut(&number) {
            flight.is_held = true;
        }
    }

    /// It waits no more.
    pub(crate) fn go(&mut self, number: u64, now: Duration) {
        if let Some(flight) = self.running.get_mut(&number).filter(|flight| flight.is_held) {
            (flight.is_held, flight.began) = (false, now);
        }
    }

    /// It is over.
    pub(crate) fn end(&mut self, number: u64) {
        self.running.remove(&number);
    }

    /// Those of a model, or all.
    pub(crate) fn load(&self, model: Option<&str>, now: Duration) -> Load {
        let mut load = Load::default();
        for flight in self.running.values().filter(|one| model.is_none_or(|model| *one.model == *model)) {
            if flight.is_held {
                load.held = load.held.saturating_add(1);
                continue;
            }
            let (age, progress) = (millis(now.saturating_sub(flight.began)), flight.progress.since(now));
            load.in_flight = load.in_flight.saturating_add(1);
            load.oldest_ms = load.oldest_ms.max(Some(age));
            load.last_progress_ms = [load.last_progress_ms, progress].into_iter().flatten().min();
        }
        load
    }
}

/// As whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! What runs at a provider, who waits for a place there, and how it has done lately.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cause::Cause;
use crate::fair_queue::Sharer;
use crate::health::{HealthState, ProviderHealth};
use crate::places::{Places, Turn};
use crate::timer::Timer;

/// How often a call that waits is told where it stands, if that has changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// No progress yet.
const NEVER: u64 = u64::MAX;

/// One provider's state.
pub(crate) struct ProviderState {
    name: String,
    max_concurrency: u32,
    places: Arc<Places>,
    /// Its line among the places.
    line: usize,
    last_progress_ms: AtomicU64,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    /// Start of each request that runs.
    flights: BTreeMap<u64, Duration>,
    next_flight: u64,
    last_ok: Option<Duration>,
    last_error: Option<(Cause, Duration)>,
    failures: u32,
}

/// A place for one request; dropping it frees the place.
pub(crate) struct Place<'a> {
    state: &'a ProviderState,
    flight: u64,
    _turn: Turn,
}

/// Who wants a place.
pub(crate) struct Wish<'a> {
    /// Whose share it comes out of.
    pub(crate) sharer: Sharer,
    /// When it wants none any more.
    pub(crate) until: Duration,
    /// Hears its position, from 1, and of how many, as long as it waits.
    pub(crate) told: &'a (dyn Fn(usize, usize) + Send + Sync),
}

/// No place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoPlace;

impl ProviderState {
    /// A provider that nothing is known of; `line` is its number among the places.
    pub(crate) fn new(name: &str, max_concurrency: u32, places: Arc<Places>, line: usize) -> Self {
        Self {
            name: name.to_owned(),
            max_concurrency: max_concurrency.max(1),
            places,
            line,
            last_progress_ms: AtomicU64::new(NEVER),
            record: Mutex::default(),
        }
    }

    /// Whether all of its own places are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.record().flights.len() >= usize::try_from(self.max_concurrency).unwrap_or(usize::MAX)
    }

    /// Waits for a place, in turn with other sharers.
    ///
    /// # Errors
    /// [`NoPlace`] when it has none by then.
    pub(crate) async fn admit(&self, timer: &dyn Timer, wish: Wish<'_>) -> Result<Place<'_>, NoPlace> {
        let mut turn = self.places.join(wish.sharer, self.line);
        let mut told = None;
        loop {
            let position = turn.position();
            if let Some((position, all)) = position.filter(|_| position != told) {
                (wish.told)(position, all);
                told = Some((position, all));
            }
            let look = wish.until.min(timer.now() + LOOK_EVERY);
            tokio::select! {
                biased;
                () = turn.placed() => break,
                () = timer.sleep_until(look) => {}
            }
            if timer.now() >= wish.until {
                return Err(NoPlace);
            }
        }
        let mut record = self.record();
        let flight = record.next_flight;
        record.next_flight += 1;
        record.flights.insert(flight, timer.now());
        Ok(Place { state: self, flight, _turn: turn })
    }

    /// An attempt brought an answer.
    pub(crate) fn succeeded(&self, now: Duration) {
        let mut record = self.record();
        record.last_ok = Some(now);
        record.failures = 0;
    }

    /// An attempt failed.
    pub(crate) fn failed(&self, now: Duration, cause: Cause) {
        let mut record = self.record();
        record.last_error = Some((cause, now));
        record.failures = record.failures.saturating_add(1);
    }

    /// What is known, for people.
    pub(crate) fn health(&self, now: Duration, key: KeyState) -> ProviderHealth {
        let record = self.record();
        let ms_since = |at: Duration| millis(now.saturating_sub(at));
        let open_error = record.last_error.filter(|(_, at)| record.last_ok.is_none_or(|ok| ok < *at));
        let state = match (key, open_error.map(|(cause, _)| cause)) {
            (KeyState::Missing, _) => HealthState::NoKey,
            (_, Some(Cause::AuthDead | Cause::AccountDead)) => HealthState::Dead,
            (_, Some(_)) => HealthState::Failing,
            (_, None) if record.last_ok.is_some() => HealthState::Ok,
            (_, None) => HealthState::Unknown,
        };
        let progress = self.last_progress_ms.load(Ordering::Relaxed);
        ProviderHealth {
            name: self.name.clone(),
            state,
            in_flight: u32::try_from(record.flights.len()).unwrap_or(u32::MAX),
            max_concurrency: self.max_concurrency,
            waiting: u32::try_from(self.places.waiting(self.line)).unwrap_or(u32::MAX),
            oldest_ms: record.flights.values().min().map(|at| ms_since(*at)),
            last_progress_ms: (progress != NEVER).then(|| millis(now).saturating_sub(progress)),
            last_ok_ms: record.last_ok.map(ms_since),
            last_error: open_error.map(|(cause, _)| cause.code()),
            last_error_ms: open_error.map(|(_, at)| ms_since(at)),
            failures: record.failures,
            spent_nano_usd: 0,
            daily_nano_usd: None,
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // Every change is one step, so a panic elsewhere leaves it whole.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a provider has what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// It has a key, or needs none.
    Present,
    /// It has none.
    Missing,
}

impl Place<'_> {
    /// Text has come.
    pub(crate) fn progress(&self, now: Duration) {
        self.state.last_progress_ms.store(millis(now), Ordering::Relaxed);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.state.record().flights.remove(&self.flight);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

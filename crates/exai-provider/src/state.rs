//! What runs at a provider, who waits for a place there, and how it has done lately.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::blame::Scope;
use crate::breaker::{Fault, Moment};
use crate::cause::Cause;
use crate::circuits::{Circuits, Pass, Told};
use crate::config::ProviderConfig;
use crate::fair_queue::{LineName, Sharer};
use crate::flights::{Flights, Load, Progress, millis};
use crate::health::{HealthState, KeyHealth, ProviderHealth};
use crate::pace::{self, Early, Pace};
use crate::places::{Places, Stand, Turn};
use crate::spend::Ledger;
use crate::timer::Timer;

/// How often a call that waits is told where it stands, if that has changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One provider's state.
pub(crate) struct ProviderState {
    pub(crate) name: String,
    max_concurrency: u32,
    is_usable: bool,
    /// What it is paid.
    pub(crate) ledger: Ledger,
    places: Arc<Places>,
    /// Its index among the places.
    index: usize,
    last_progress: Progress,
    record: Mutex<Record>,
    pace: Mutex<Pace>,
    /// The line of those who wait for the rate has moved.
    pace_moved: Notify,
}

/// Somebody in the line of those who wait for the rate; dropping it leaves the line.
pub(crate) struct PaceLine<'a> {
    state: &'a ProviderState,
    ticket: pace::Ticket,
    tokens: u32,
}

/// Tokens that a request is taken to need. Dropped before the request goes out, they are given back, and the request with them;
/// dropped without a word after that, it needed them.
pub(crate) struct Estimate<'a> {
    state: &'a ProviderState,
    request: pace::Request,
    tokens: u32,
    /// What it needed, once it has gone out.
    really: Option<u32>,
}

#[derive(Default)]
struct Record {
    flights: Flights,
    last_ok: Option<Duration>,
    last_error: Option<(Cause, Duration)>,
    failures: u32,
    /// Attempts that ended, by `ok` or their cause.
    ended: BTreeMap<&'static str, u64>,
}

/// A place for one request, and no leave to ask yet; dropping it frees the place.
pub(crate) struct FreePlace<'a> {
    state: &'a ProviderState,
    model: Arc<str>,
    flight: u64,
    progress: Arc<Progress>,
    _turn: Turn,
}

/// A place with leave to ask; dropping it gives up both.
pub(crate) struct Place<'a> {
    pass: Pass<'a>,
    place: FreePlace<'a>,
    estimate: Estimate<'a>,
}

/// Who wants a place.
pub(crate) struct Wish<'a> {
    /// Whose share it comes out of.
    pub(crate) sharer: Sharer,
    /// When it wants none any more, as things are; looked at again every second.
    pub(crate) until: &'a (dyn Fn() -> Duration + Send + Sync),
    /// Hears its position, from 1, and of how many, as long as it waits.
    pub(crate) told: &'a (dyn Fn(usize, usize) + Send + Sync),
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// None was free in time.
    Late,
    /// Too many wait already.
    Full,
}

impl ProviderState {
    /// A provider that nothing is known of; `index` is its number among the places.
    pub(crate) fn new(
        config: &ProviderConfig,
        places: Arc<Places>,
        index: usize,
        ledger: Ledger,
        pace: Pace,
    ) -> Self {
        Self {
            name: config.name.clone(),
            max_concurrency: config.max_concurrency.max(1),
            is_usable: config.is_usable(),
            ledger,
            places,
            index,
            last_progress: Progress::default(),
            record: Mutex::default(),
            pace: Mutex::new(pace),
            pace_moved: Notify::new(),
        }
    }

    /// Whether all places of the model, or all of the provider's own, are taken.
    pub(crate) fn is_full(&self, line: &LineName) -> bool {
        self.places.is_full(line)
    }

    /// Waits, for another call that tries or before it asks again; `None` where too many wait already.
    pub(crate) fn stand(&self, sharer: Sharer) -> Option<Stand<'_>> {
        self.places.stand(sharer, self.index)
    }

    /// How fast it may be asked.
    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        // Every change is counting, which a panic elsewhere leaves whole.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets into the line of those who wait for the rate, with a request of so many tokens.
    pub(crate) fn pace_line(&self, tokens: u32) -> PaceLine<'_> {
        PaceLine { state: self, ticket: self.pace().join(tokens), tokens }
    }

    /// Waits for a place at a model, in turn with other sharers.
    ///
    /// # Errors
    /// [`NoPlace`] when it has none by then.
    pub(crate) async fn admit(
        &self,
        timer: &dyn Timer,
        line: &LineName,
        circuits: &Circuits,
        wish: Wish<'_>,
    ) -> Result<FreePlace<'_>, NoPlace> {
        let limit = || circuits.limit(line);
        let mut turn = self.places.join(wish.sharer, line.clone(), limit).ok_or(NoPlace::Full)?;
        let mut told = None;
        loop {
            let position = turn.position();
            if let Some((position, all)) = position.filter(|_| position != told) {
                (wish.told)(position, all);
                told = Some((position, all));
            }
            let look = (wish.until)().min(timer.now() + LOOK_EVERY);
            tokio::select! {
                biased;
                () = turn.placed() => break,
                () = timer.sleep_until(look) => {}
            }
            if timer.now() >= (wish.until)() {
                return Err(NoPlace::Late);
            }
        }
        let (model, progress) = (Arc::clone(&line.1), Arc::new(Progress::default()));
        let flight = self.record().flights.begin(Arc::clone(&model), timer.now(), Arc::clone(&progress));
        Ok(FreePlace { state: self, model, flight, progress, _turn: turn })
    }

    /// An attempt brought an answer.
    pub(crate) fn succeeded(&self, now: Duration) {
        let mut record = self.record();
        record.last_ok = Some(now);
        record.failures = 0;
    }

    /// An attempt ended so: with `ok`, or with the code of its cause. Whether that tells of the provider is not said.
    pub(crate) fn ended(&self, how: &'static str) {
        *self.record().ended.entry(how).or_default() += 1;
    }

    /// An attempt failed. What speaks against the question, or against one model, says nothing of the provider.
    pub(crate) fn failed(&self, now: Duration, cause: Cause) {
        if cause.scope() == Scope::Nobody || cause == Cause::ModelGone {
            return;
        }
        let mut record = self.record();
        record.last_error = Some((cause, now));
        record.failures = record.failures.saturating_add(1);
    }

    /// What is known, for people.
    pub(crate) fn health(&self, at: Moment, circuits: &Circuits) -> ProviderHealth {
        let now = at.now;
        let keys = self.keys(at, circuits.told(self.index, at));
        let retries_skipped = self.pace().budget.skipped();
        let record = self.record();
        let ms_since = |at: Duration| millis(now.saturating_sub(at));
        let open_error = record.last_error.filter(|(_, at)| record.last_ok.is_none_or(|ok| ok < *at));
        let state = match open_error {
            _ if !self.is_usable => HealthState::NoKey,
            Some((Cause::AuthDead | Cause::AccountDead, _)) => HealthState::Dead,
            Some(_) => HealthState::Failing,
            None if record.last_ok.is_some() => HealthState::Ok,
            None => HealthState::Unknown,
        };
        let Load { in_flight, held, oldest_ms, .. } = record.flights.load(None, now);
        ProviderHealth {
            name: self.name.clone(),
            state,
            in_flight,
            max_concurrency: self.max_concurrency,
            waiting: count(self.places.waiting(self.index)).saturating_add(held),
            oldest_ms,
            last_progress_ms: self.last_progress.since(now),
            last_ok_ms: record.last_ok.map(ms_since),
            last_error: open_error.map(|(cause, _)| cause.code()),
            last_error_ms: open_error.map(|(_, at)| ms_since(at)),
            failures: record.failures,
            spent_nano_usd: self.ledger.spent(at.wall),
            daily_nano_usd: self.ledger.ceiling(),
            retries_skipped,
            attempts: record.ended.clone(),
            keys,
        }
    }

    fn keys(&self, at: Moment, told: Vec<Told>) -> Vec<KeyHealth> {
        let waiting = self.places.waiting_by_model(self.index);
        let record = self.record();
        let key = |Told { model, state, paused, limit }: Told| {
            let Load { in_flight, held, oldest_ms, last_progress_ms } =
                record.flights.load(model.as_deref(), at.now);
            let waits = |model: &Arc<str>| waiting.get(model).copied().unwrap_or(0);
            KeyHealth {
                state,
                cause: paused.map(|paused| paused.cause.code()),
                until_ms: paused.map(|paused| millis(paused.until)),
                left_ms: paused.map(|paused| millis(paused.until.saturating_sub(at.wall))),
                retry_ms: paused.map(|paused| millis(paused.wait)),
                limit,
                in_flight,
                waiting: count(model.as_ref().map_or_else(|| waiting.values().sum(), waits))
                    .saturating_add(held),
                oldest_ms,
                last_progress_ms,
                model: model.map(|model| model.to_string()),
            }
        };
        told.into_iter().map(key).collect()
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // Every change is one step, so a panic elsewhere leaves it whole.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> FreePlace<'a> {
    /// The rate does not allow its request yet.
    pub(crate) fn hold(&self) {
        self.state.record().flights.hold(self.flight);
    }

    /// The rate allows it.
    pub(crate) fn goes(&self, now: Duration) {
        self.state.record().flights.go(self.flight, now);
    }

    /// With leave to ask.
    pub(crate) fn with(self, pass: Pass<'a>, estimate: Estimate<'a>) -> Place<'a> {
        Place { pass, place: self, estimate }
    }

    /// The model takes another number of requests at a time.
    fn takes(&self, circuits: &Circuits) {
        let line = (self.state.index, Arc::clone(&self.model));
        self.state.places.set_places(&line, || circuits.limit(&line));
    }
}

impl<'a> PaceLine<'a> {
    /// Takes the request; see [`Pace::take`].
    ///
    /// # Errors
    /// Where it is too early.
    pub(crate) fn take(&self, at: Moment) -> Result<Estimate<'a>, Early> {
        let mut pace = self.state.pace();
        let request = pace.take(at.now, self.ticket)?;
        // Under the lock, and before the request is made.
        pace.remember(at);
        Ok(Estimate { state: self.state, request, tokens: self.tokens, really: None })
    }

    /// Ends when somebody leaves the line, or a request has not needed what it was taken to. Made before one takes, it misses nothing.
    pub(crate) fn moved(&self) -> Notified<'_> {
        self.state.pace_moved.notified()
    }
}

impl Drop for PaceLine<'_> {
    fn drop(&mut self) {
        self.state.pace().leave(self.ticket);
        self.state.pace_moved.notify_waiters();
    }
}

impl Drop for Estimate<'_> {
    fn drop(&mut self) {
        match self.really {
            None => self.state.pace().give_back(&self.request),
            Some(really) => self.state.pace().settled(&self.request, really),
        }
        self.state.pace_moved.notify_waiters();
    }
}

impl Place<'_> {
    /// The request goes out.
    pub(crate) fn goes_out(&mut self) {
        self.estimate.really = Some(self.estimate.tokens);
    }

    /// The request needed so many tokens.
    pub(crate) fn needed(&mut self, tokens: u32) {
        self.estimate.really = Some(tokens);
    }

    /// Text has come.
    pub(crate) fn progress(&self, now: Duration) {
        self.place.state.last_progress.made(now);
        self.place.progress.made(now);
        if self.pass.progress() {
            self.place.takes(self.pass.circuits());
        }
    }

    /// The attempt has ended so; the place is free from here on.
    pub(crate) fn end(self, end: Result<(), Fault>, at: Moment) {
        let Self { pass, place, estimate: _settled } = self;
        let circuits = pass.circuits();
        if pass.end(end, at) {
            place.takes(circuits);
        }
    }
}

impl Drop for FreePlace<'_> {
    fn drop(&mut self) {
        self.state.record().flights.end(self.flight);
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

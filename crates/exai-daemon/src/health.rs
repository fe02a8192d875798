//! What the daemon tells of itself: gathers snapshots, and decides when the health file gets one.

use std::time::Duration;

use exai_provider::{BreakerState, HealthState, ProviderHealth};
use exai_settings::{Settings, State};
use exai_tools::DaemonFacts;
use exai_wire::{Epoch, JournalId, StartId};
use tokio::sync::mpsc;
use tracing_appender::non_blocking::ErrorCounter;

use crate::clock::{millis, wall_ms};
use crate::event::Event;
use crate::health_file::HealthFile;
use crate::keeper::Keeper;
use crate::snapshot::{Counts, JournalStore, SCHEMA, STOPPED, Snapshot};
use crate::vitals::Reading;

/// The file is written at least so often: a reader calls it old after 20 s.
const EVERY: Duration = Duration::from_secs(2);

/// And on a change, but not more often than this. Half of what a change may take to be there: one that comes right after
/// another waits for as long.
const APART: Duration = Duration::from_millis(50);

/// What the hub knows at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present {
    /// In the words of the wire.
    pub(crate) state: &'static str,
    /// Calls accepted or running.
    pub(crate) in_flight: usize,
    /// Calls that wait for a place.
    pub(crate) waiting: usize,
    /// Sessions.
    pub(crate) sessions: usize,
    /// Connections.
    pub(crate) connections: usize,
    /// The work runtime.
    pub(crate) reading: Reading,
}

/// What does not change while the daemon runs.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Release.
    pub(crate) version: String,
    /// The journal.
    pub(crate) journal: JournalId,
    /// Where it is kept.
    pub(crate) store: JournalStore,
    /// This start.
    pub(crate) epoch: Epoch,
    /// A number of its own that no other start has.
    pub(crate) start: StartId,
    /// The settings file in use.
    pub(crate) env_file: Option<String>,
}

impl Identity {
    /// Of this process.
    pub(crate) fn new(
        version: String,
        (journal, epoch, start): (JournalId, Epoch, StartId),
        store: JournalStore,
        settings: &Settings,
    ) -> Self {
        let State { env_file, users_env_file, .. } = &settings.state;
        let env_file = match (env_file, users_env_file) {
            (Some(path), _) => Some(path.display().to_string()),
            (None, Some(path)) => Some(format!("{}, which does not exist yet", path.display())),
            (None, None) => None,
        };
        Self { version, journal, store, epoch, start, env_file }
    }

    /// The daemon as tools see it.
    pub(crate) fn facts(&self, now: Duration, present: &Present, oldest: Option<Duration>) -> DaemonFacts {
        DaemonFacts {
            version: self.version.clone(),
            state: present.state,
            why: self.store.why().map(str::to_owned),
            epoch: self.epoch.0,
            pid: std::process::id(),
            uptime: now,
            sessions: count(present.sessions),
            in_flight: count(present.in_flight),
            waiting: count(present.waiting),
            oldest,
            lag: Duration::from_millis(present.reading.vitals.lag_ms),
            env_file: self.env_file.clone(),
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// What is compared to tell a change: all that is not an age, a time or a count that follows from the rest.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    state: &'static str,
    /// Calls in flight and waiting, sessions, connections, stuck threads.
    now: [usize; 5],
    /// Calls started and ended, attempts.
    counts: [u64; 3],
    /// Per provider: state, requests that run and that wait, the last error, failures.
    providers: Vec<(HealthState, u32, u32, Option<&'static str>, u32)>,
    /// Per endpoint and model: whether it is asked, why not, and until when.
    keys: Vec<(BreakerState, Option<&'static str>, Option<u64>)>,
}

impl Key {
    fn of(present: &Present, counts: &Counts, providers: &[ProviderHealth]) -> Self {
        let Present { state, in_flight, waiting, sessions, connections, reading } = *present;
        let ended = counts.calls_ok + counts.calls_failed + counts.calls_aborted;
        let provider =
            |one: &ProviderHealth| (one.state, one.in_flight, one.waiting, one.last_error, one.failures);
        let keys = providers.iter().flat_map(|one| &one.keys);
        Self {
            state,
            now: [in_flight, waiting, sessions, connections, reading.workers_stuck],
            counts: [counts.calls_started, ended, counts.attempts],
            providers: providers.iter().map(provider).collect(),
            keys: keys.map(|key| (key.state, key.cause, key.until_ms)).collect(),
        }
    }
}

/// The teller.
pub(crate) struct Health {
    /// Who we are.
    pub(crate) identity: Identity,
    /// Counted since the start.
    pub(crate) counts: Counts,
    /// Where we listen; `None` while starting.
    pub(crate) address: Option<String>,
    last_started_at: Option<u64>,
    last_finished_at: Option<u64>,
    file: Option<HealthFile>,
    log_lines_dropped: ErrorCounter,
    written: Option<(Duration, Key)>,
    changed: bool,
}

impl Health {
    /// Nothing has happened yet; `None` for a daemon that has no health file.
    pub(crate) fn new(identity: Identity, file: Option<HealthFile>, log_lines_dropped: ErrorCounter) -> Self {
        Self {
            identity,
            counts: Counts::default(),
            address: None,
            last_started_at: None,
            last_finished_at: None,
            file,
            log_lines_dropped,
            written: None,
            changed: false,
        }
    }

    /// A call begins to run.
    pub(crate) fn started(&mut self) {
        self.counts.calls_started += 1;
        self.last_started_at = Some(wall_ms());
    }

    /// A call has ended.
    pub(crate) fn finished(&mut self) {
        self.last_finished_at = Some(wall_ms());
    }

    /// The condition at `now`; `oldest` is the age of the oldest call in flight.
    pub(crate) fn snapshot(
        &self,
        now: Duration,
        present: &Present,
        oldest: Option<Duration>,
        providers: Vec<ProviderHealth>,
    ) -> Snapshot {
        let identity = &self.identity;
        let log_lines_dropped = self.log_lines_dropped.dropped_lines() as u64;
        Snapshot {
            schema: SCHEMA,
            state: present.state,
            why: identity.store.why().map(str::to_owned),
            version: identity.version.clone(),
            pid: std::process::id(),
            address: self.address.clone(),
            journal: identity.journal,
            journal_store: identity.store.clone(),
            epoch: identity.epoch,
            written_at: wall_ms(),
            monotonic_ms: millis(now),
            in_flight: present.in_flight,
            oldest_in_flight_ms: oldest.map(millis),
            waiting: present.waiting,
            last_started_at: self.last_started_at,
            last_finished_at: self.last_finished_at,
            lag_ms: present.reading.vitals.lag_ms,
            workers_stuck: present.reading.workers_stuck,
            sessions: present.sessions,
            connections: present.connections,
            providers,
            slips: Vec::new(),
            counts: Counts { log_lines_dropped, ..self.counts },
        }
    }

    /// Whether the file is to be written now. Asked after each event, so it looks closer only where that can make a difference.
    pub(crate) fn is_due(&mut self, now: Duration, present: &Present, providers: &[ProviderHealth]) -> bool {
        let Some((at, written)) = &self.written else { return true };
        if self.changed && now < *at + APART {
            return false;
        }
        self.changed = *written != Key::of(present, &self.counts, providers);
        now >= *at + if self.changed { APART } else { EVERY }
    }

    /// When it is, unless something changes before.
    pub(crate) fn next(&self) -> Option<Duration> {
        let (at, _) = self.written.as_ref()?;
        Some(*at + if self.changed { APART } else { EVERY })
    }

    /// Writes the file.
    pub(crate) fn write(&mut self, now: Duration, present: &Present, snapshot: &Snapshot) {
        self.written = Some((now, Key::of(present, &self.counts, &snapshot.providers)));
        self.changed = false;
        if let Some(file) = &self.file {
            file.publish(snapshot.json() + "\n");
        }
    }

    /// Has the state directory kept by the thread that writes the file, until the end; `lost` is told if it can't be.
    pub(crate) fn keep(&self, keeper: Keeper, lost: mpsc::Sender<Event>) {
        if let Some(file) = &self.file {
            file.keep(keeper, lost);
        }
    }

    /// The last thing that is written.
    pub(crate) fn stop(&self, now: Duration, present: &Present) {
        if let Some(file) = &self.file {
            let stopped = Present { state: STOPPED, ..*present };
            file.publish(self.snapshot(now, &stopped, None, Vec::new()).json() + "\n");
        }
    }
}

#[cfg(test)]
mod tests;

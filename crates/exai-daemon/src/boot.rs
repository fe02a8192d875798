//! From options to a running daemon, and to an exit code.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use exai_http::HttpTransport;
use exai_session::{DaemonConfig, DaemonEnd, Keeping, RecoveredCall, Throttle, Vitals};
use exai_settings::{Address, Host, ListenError};
use exai_tools::{CustomTool, catalogue_with};
use exai_wire::{Asked, Kept, Limits, StartId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::clock::{Clock, wall_ms};
use crate::connections::Connections;
use crate::conversations::KeptConversations;
use crate::endpoint::{Endpoint, EndpointFile};
use crate::event::{EVENTS_MAX, Event};
use crate::executor::Executor;
use crate::forgetting::Forgetting;
use crate::guard::Guard;
use crate::health::{Health, Identity, Present};
use crate::health_file::HealthFile;
use crate::http::{self, Web};
use crate::hub::{Ended, Hub};
use crate::idle::Idle;
use crate::journals::{self, AnyStore, Opened};
use crate::keeper::{Keeper, make_private};
use crate::last_words::last_words;
use crate::listen::{self, BindError, Doors, Meter};
use crate::lock::{LockError, StateLock};
use crate::log::{self, Log};
use crate::lookups::Library;
use crate::memory::KeptMemory;
use crate::models::{self, ModelsError};
use crate::options::{DaemonOptions, Mode, Runtimes};
use crate::signals::Signals;
use crate::token::Token;
use crate::toolbox::{Classes, Toolbox};
use crate::vitals::{Gauge, Reading};
use crate::watchdog::{Progress, Watchdog};
use crate::work::{PULSE, Work};
use crate::{descriptors, discovering, drain, random, slips};

/// What one shim may have open: the shim's own bounds.
const SESSION_LIMITS: Limits = Limits { in_flight: 1000, bytes: 64 << 20 };

/// Events of a kind that are logged in each window; a thousand sessions that come back at once say so in ten lines.
const LOG_EVENTS: u32 = 10;

/// Length of such a window.
const LOG_WINDOW: Duration = Duration::from_secs(10);

/// Before the first measurement.
const UNMEASURED: Reading = Reading { vitals: Vitals { stalled: false, lag_ms: 0 }, workers_stuck: 0 };

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Models(#[from] ModelsError),
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}

impl StartError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// 75: another daemon is there. 78: a setting has to be changed. 1: something else.
    fn exit_code(&self) -> u8 {
        match self {
            Self::Lock(LockError::Held { .. }) => 75,
            Self::Listen(_) | Self::Models(ModelsError::Catalogue(_)) => 78,
            Self::Lock(LockError::Io { .. }) | Self::Bind(_) | Self::Models(_) | Self::Io { .. } => 1,
        }
    }
}

/// Runs a daemon until it is told to end. Blocks; makes its own runtimes. Exit code 0 after an orderly end, 75 if
/// another daemon works on the same state directory, 78 if a setting has to be changed, 1 if it can't start, 128 and
/// the signal's number after a second signal. What is wrong is said on stderr.
pub fn run(options: DaemonOptions) -> ExitCode {
    match start(options) {
        Ok(code) => code.into(),
        Err(error) => {
            last_words(format_args!("exai daemon: {error}"));
            error.exit_code().into()
        }
    }
}

fn start(options: DaemonOptions) -> Result<u8, StartError> {
    let clock = Clock::start();
    descriptors::raise();
    let place = Place::choose(&options)?;
    let state_dir = state_dir(&options)?;
    let log = open_log(&options, state_dir.as_deref())?;
    log::panics();
    let local = options.mode == Mode::Local;
    let ended = begin(&options, clock, &place, state_dir.as_deref(), &log);
    // Nobody may be there to read the stderr of a local daemon.
    if let (Err(error), true) = (&ended, local) {
        tracing::error!(%error, "not started");
    }
    ended
}

/// Works until the end. A daemon whose journal can't be used listens all the same, so that it can say so, and begins anew
/// once it can.
fn begin(
    options: &DaemonOptions,
    clock: Clock,
    place: &Place,
    state_dir: Option<&Path>,
    log: &Log,
) -> Result<u8, StartError> {
    // Held until everything else is gone.
    let lock = state_dir.map(|dir| take_lock(dir, options.mode)).transpose()?.flatten();
    let lock = lock.map(Arc::new);
    loop {
        let dir = state_dir.map(|dir| (dir.to_owned(), lock.clone()));
        if let Ended::With(code) = begin_once(options, clock, place, dir, log)? {
            return Ok(code);
        }
    }
}

/// The state directory, with its lock where there is one.
type StateDir = Option<(PathBuf, Option<Arc<StateLock>>)>;

fn begin_once(
    options: &DaemonOptions,
    clock: Clock,
    place: &Place,
    state_dir: StateDir,
    log: &Log,
) -> Result<Ended, StartError> {
    let dir = state_dir.as_ref().map(|(dir, _)| dir.as_path());
    let opened = journals::open(dir, &options.settings, options.extras.around_store);
    let opened = opened.map_err(StartError::io("journal id"))?;
    let mut health = open_health(options, &opened, log)?;
    let nothing = present_at_start();
    health.write(clock.now(), &nothing, &health.snapshot(clock.now(), &nothing, None, Vec::new()));

    let memory = KeptMemory::in_journal(Arc::clone(&opened.memos));
    let (providers, transport) = models::providers(&options.settings, clock, Arc::new(memory))?;
    let (facts, told) = watch::channel(health.identity.facts(clock.now(), &nothing, None));
    let turns = Arc::clone(&opened.shelf.turns);
    let toolbox = Toolbox::new(providers, KeptConversations::new(turns), told);
    let toolbox = toolbox.with(options.extras.tools.clone());
    let toolbox = Arc::new(toolbox);
    let progress = Arc::new(Progress::default());
    let slots = models::slots(&options.settings);
    make_ready(&transport, &opened.calls, wall_ms());
    let work = Work::start(clock, slots, Arc::clone(&toolbox), transport, Arc::clone(&progress));
    let work = work.map_err(StartError::io("work runtime"))?;
    let io = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let io = io.map_err(StartError::io("io runtime"))?;
    let parts = Parts { clock, opened, health, toolbox, facts, work, progress, slots };
    let (runtimes, shared) = (options.extras.runtimes, parts.work.pulse.handle());
    let serving = serve(options, place, state_dir, parts);
    match runtimes {
        Runtimes::Two => io.block_on(serving),
        Runtimes::One => shared.block_on(serving),
    }
}

/// Whom calls were asking when the last daemon ended, those will ask again as soon as their hosts are back, if they have time
/// left: reading certificates and making a client takes about as long as that.
fn make_ready<D>(transport: &HttpTransport, calls: &[RecoveredCall<D>], unix_now_ms: u64) {
    let has_time = |asked: &Asked| asked.deadline_ms() > unix_now_ms;
    let goes_on = |kept: &&Kept| kept.ended.is_none() && kept.asked.as_ref().is_some_and(has_time);
    for kept in calls.iter().map(|call| &call.kept).filter(goes_on) {
        drop(kept.attempts.last().and_then(|attempt| transport.lane(&attempt.provider)));
    }
}

/// Where to listen, and what to ask for.
struct Place {
    host: Host,
    port: u16,
    token: Option<Token>,
}

impl Place {
    fn choose(options: &DaemonOptions) -> Result<Self, StartError> {
        let connection = &options.settings.connection;
        let set = connection.token.as_ref().map(|token| Token::new(token.expose().to_owned()));
        if (options.mode, connection.address) == (Mode::Local, Address::Local) {
            let random = || random::hex_256().map(Token::new).map_err(StartError::io("token"));
            return Ok(Self { host: Host::loopback(), port: 0, token: Some(set.map_or_else(random, Ok)?) });
        }
        options.settings.check_listen()?;
        Ok(Self { host: connection.host.clone(), port: connection.port, token: set })
    }
}

/// The state directory, made if it is not there. A local daemon can't be found without; others do without.
fn state_dir(options: &DaemonOptions) -> Result<Option<PathBuf>, StartError> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, "neither it nor a home directory is known");
    let made = match &options.settings.state.dir {
        Some(dir) => {
            make_private(dir).map(|()| dir.clone()).map_err(|error| (dir.display().to_string(), error))
        }
        None => Err(("set EXAI_STATE_DIR".to_owned(), missing())),
    };
    match (made, options.mode) {
        (Ok(dir), _) => Ok(Some(dir)),
        (Err((what, error)), Mode::Local) => Err(StartError::io(format!("state directory: {what}"))(error)),
        (Err((what, error)), Mode::ByHand) => {
            last_words(format_args!("exai daemon: working without a state directory: {what}: {error}"));
            Ok(None)
        }
    }
}

fn open_log(options: &DaemonOptions, state_dir: Option<&Path>) -> Result<Log, StartError> {
    let level = options.settings.state.log_level;
    match (options.mode, state_dir) {
        (Mode::Local, Some(dir)) => {
            let logs = dir.join("logs");
            let opened = make_private(&logs).and_then(|()| Log::to_file(logs.join("daemon.log"), level));
            opened.map_err(StartError::io(logs.display().to_string()))
        }
        _ => Ok(match &options.settings.state.log_file {
            Some(file) => Log::to_both(file.clone(), level),
            None => Log::to_stderr(level),
        }),
    }
}

/// Where the file system has no locks a daemon started by hand works without; a local one would not be alone.
fn take_lock(dir: &Path, mode: Mode) -> Result<Option<StateLock>, LockError> {
    match (StateLock::take(dir), mode) {
        (Err(error @ LockError::Io { .. }), Mode::ByHand) => {
            tracing::warn!(%error, "working without a lock; start no second daemon on this directory");
            Ok(None)
        }
        (taken, _) => taken.map(Some),
    }
}

fn open_health(options: &DaemonOptions, opened: &Opened, log: &Log) -> Result<Health, StartError> {
    let (journal, epoch) = opened.journal.identity();
    let start = StartId::from_bytes(random::bytes().map_err(StartError::io("a name of this start"))?);
    let (names, store) = ((journal, epoch, start), opened.store.clone());
    let identity = Identity::new(options.version.clone(), names, store, &options.settings);
    let file = HealthFile::start(options.settings.state.health_file.clone());
    Ok(Health::new(identity, Some(file.map_err(StartError::io("health file"))?), log.dropped()))
}

fn present_at_start() -> Present {
    let (in_flight, waiting, sessions, connections) = (0, 0, 0, 0);
    Present { state: "starting", in_flight, waiting, sessions, connections, reading: UNMEASURED }
}

/// What is there before the io loop is.
struct Parts {
    clock: Clock,
    opened: Opened,
    health: Health,
    toolbox: Arc<Toolbox>,
    facts: watch::Sender<exai_tools::DaemonFacts>,
    work: Work,
    progress: Arc<Progress>,
    slots: usize,
}

/// Listens, tells where, and runs the hub to its end.
async fn serve(
    options: &DaemonOptions,
    place: &Place,
    state_dir: StateDir,
    parts: Parts,
) -> Result<Ended, StartError> {
    let signals = Signals::listen(options.mode).map_err(StartError::io("signals"))?;
    let doors = Doors::bind(&place.host, place.port).await?;
    let address = doors.address().map_err(StartError::io("listener"))?;
    let url = listen::url(address);
    let (events, inbox) = mpsc::channel(EVENTS_MAX);
    let (door, closing) = oneshot::channel();
    let guard = Guard::new(&place.host, place.token.clone(), options.settings.daemon.allowed_origins.clone());
    let effective = Arc::new(options.effective.clone());
    let unusable = parts.opened.store.why();
    let library = Library::new(parts.opened.shelf.clone(), unusable, parts.work.pulse.handle());
    let pulse = parts.work.pulse.clone();
    let web = Web { events: events.clone(), guard: Arc::new(guard), settings: effective, library, pulse };
    let server = axum::serve(doors, http::router(web).into_make_service_with_connect_info::<Meter>());
    let mut tasks = JoinSet::new();
    tasks.spawn(server.with_graceful_shutdown(async move { drop(closing.await) }).into_future());

    let (version, epoch) = (options.version.clone(), parts.health.identity.epoch);
    let token = place.token.as_ref().map(|token| token.expose().to_owned());
    let endpoint = Endpoint { url: url.clone(), token, version, epoch, pid: std::process::id() };
    let mut looks = JoinSet::new();
    if let (Some((dir, _)), Some(_)) = (&state_dir, parts.opened.store.why()) {
        looks.spawn(journals::await_usable(dir.clone(), options.settings.clone(), events.clone()));
    }
    if let Some((dir, lock)) = state_dir {
        let endpoint = write_endpoint(&dir, endpoint, options.mode)?;
        parts.health.keep(Keeper::new(dir, lock, endpoint), events.clone());
    }
    let work = parts.work.pulse.handle();
    discovering::start(&mut looks, &work, &options.settings, Arc::clone(&parts.toolbox));
    slips::tell(&mut looks, &work, &options.settings, Arc::clone(&parts.toolbox));
    say_listening(&url, options);
    // Only now: resolving the host's name may take longer than the watchdog waits for the loop.
    let watchdog = Watchdog::start(Arc::clone(&parts.progress), parts.work.pulse.clone());
    let watchdog = watchdog.map_err(StartError::io("watchdog"))?;
    let mut hub = hub(options, parts, events, inbox, signals, door);
    hub.health.address = Some(url);
    let ended = pin!(hub.run()).await;
    // The answer to `/stop` may still be on its way.
    let _ = tokio::time::timeout(drain::LAST_ANSWERS, tasks.join_next()).await;
    tracing::info!(?ended, "ended");
    drop((watchdog, looks));
    Ok(ended)
}

fn write_endpoint(dir: &Path, endpoint: Endpoint, mode: Mode) -> Result<Option<EndpointFile>, StartError> {
    match (EndpointFile::write(dir, endpoint), mode) {
        (Ok(file), _) => Ok(Some(file)),
        (Err(error), Mode::Local) => Err(StartError::io("endpoint.json")(error)),
        (Err(error), Mode::ByHand) => {
            tracing::warn!(%error, "can't write endpoint.json; other commands need EXAI_WS_URL");
            Ok(None)
        }
    }
}

fn hub(
    options: &DaemonOptions,
    parts: Parts,
    events: mpsc::Sender<Event>,
    inbox: mpsc::Receiver<Event>,
    signals: Signals,
    door: oneshot::Sender<()>,
) -> Hub<AnyStore> {
    let Parts { clock, opened, health, toolbox, facts, work, progress, slots } = parts;
    let mut ticks = tokio::time::interval(PULSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let limit = match options.mode {
        Mode::ByHand => None,
        Mode::Local => options.settings.daemon.idle_exit,
    };
    let keeping = journals::keeping(&options.settings);
    let mut config = config(&health.identity, slots, clock, keeping);
    let custom: Vec<&dyn CustomTool> = options.extras.tools.iter().map(AsRef::as_ref).collect();
    (config.catalogue, config.catalogue_hash) = catalogue_with(&custom);
    let mut end = DaemonEnd::new(config, Classes::new(options.extras.tools.clone()));
    end.recover(clock.now(), opened.calls);
    Hub {
        clock,
        end,
        journal: opened.journal,
        journal_news: opened.news,
        journal_log: Throttle::new(LOG_EVENTS, LOG_WINDOW),
        journal_stuck: false,
        forgetting: Forgetting::new(opened.shelf.turns, options.settings.journal.conversations_keep),
        connections: Connections::new(events),
        executor: Executor::new(slots),
        work,
        toolbox,
        facts,
        health,
        gauge: Gauge::default(),
        reading: UNMEASURED,
        inbox,
        signals,
        progress,
        door: Some(door),
        idle: Idle::new(limit),
        grace: options.settings.daemon.drain_grace,
        drained_by: None,
        drained: false,
        usurped: false,
        usable_again: false,
        sessions_log: Throttle::new(LOG_EVENTS, LOG_WINDOW),
        alarm: Box::pin(tokio::time::sleep(Duration::ZERO)),
        ticks,
        exit: None,
    }
}

fn config(identity: &Identity, calls_max: usize, clock: Clock, keeping: Keeping) -> DaemonConfig {
    DaemonConfig {
        journal: identity.journal,
        epoch: identity.epoch,
        start: identity.start,
        version: identity.version.clone(),
        catalogue_hash: exai_tools::catalogue_hash().to_owned(),
        catalogue: exai_tools::catalogue_json(),
        limits: SESSION_LIMITS,
        calls_max,
        unix_start_ms: wall_ms().saturating_sub(clock.now_ms()),
        keeping,
        unusable: identity.store.why().map(str::to_owned),
    }
}

/// With what is looked for first when a key seems not to be there.
fn say_listening(url: &str, options: &DaemonOptions) {
    let settings = &options.settings;
    let with_key = settings.providers.iter().filter(|provider| provider.key.is_some());
    let with_key: Vec<&str> = with_key.map(|provider| provider.name.as_str()).collect();
    let with_key = if with_key.is_empty() { "none".to_owned() } else { with_key.join(",") };
    let env_file = settings.state.env_file.as_ref().map(|path| path.display().to_string());
    tracing::info!(
        %url,
        version = options.version,
        pid = std::process::id(),
        env_file = %env_file.as_deref().unwrap_or("none"),
        providers_with_key = %with_key,
        "listening"
    );
}

#[cfg(test)]
mod tests;

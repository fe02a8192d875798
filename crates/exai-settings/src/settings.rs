//! Every setting's value, grouped by what it is about. The values are valid whatever was written: what could not
//! be understood is a [`Problem`](crate::Problem) and has its default here.

use std::path::PathBuf;
use std::time::Duration;

use crate::host::Host;
use crate::provider::Provider;
use crate::secret::Secret;

/// All settings. Made by [`load`](crate::load), or [`Settings::default`] for tests.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the daemon is and how it is reached.
    pub connection: Connection,
    /// Bounds of a tool call.
    pub calls: Calls,
    /// What concerns the shim alone.
    pub shim: Shim,
    /// Files that exai keeps, and how much it writes.
    pub state: State,
    /// What concerns the daemon alone.
    pub daemon: Daemon,
    /// What the daemon keeps.
    pub journal: Journal,
    /// Which models answer.
    pub models: Models,
    /// Every provider: `glm`, `kimi`, then those of `EXAI_PROVIDERS` in the order written. Those without a key are
    /// listed too; some local ones need none.
    pub providers: Vec<Provider>,
}

/// Where the daemon is and how it is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// `EXAI_WS_URL`, `ws://` or `wss://`; wins over host and port when dialling.
    pub url: Option<String>,
    /// `EXAI_WS_HOST`: listened on by the daemon, dialled (see [`Host::dial`]) by everyone else.
    pub host: Host,
    /// `EXAI_WS_PORT`. 0: the daemon takes a free port, and clients find it through `endpoint.json`.
    pub port: u16,
    /// Shared secret of the upgrade. `None`: no token is configured.
    pub token: Option<Secret>,
    /// `EXAI_WS_CA`: absolute path of a PEM file with further roots for `wss://`. `None`: the bundled ones alone.
    pub ca: Option<PathBuf>,
    /// Whether anyone named an address.
    pub address: Address,
    /// Whether a shim may start a daemon.
    pub autostart: Autostart,
}

/// Whether `EXAI_WS_URL`, `EXAI_WS_HOST` or `EXAI_WS_PORT` is set anywhere (rightly or wrongly).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// None is set: the daemon of this user on this machine is meant, found through `endpoint.json`.
    Local,
    /// At least one is set.
    Configured,
}

/// `EXAI_AUTOSTART`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autostart {
    /// Only where no address is configured.
    Auto,
    /// Never.
    Never,
    /// Also where an address is configured.
    Always,
}

/// What to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The address that `endpoint.json` in the state directory names.
    Local,
    /// This URL.
    Url(String),
}

impl Connection {
    /// What to dial. A configured port 0 can't be dialled and means the local daemon.
    pub fn target(&self) -> Target {
        match (&self.url, self.address) {
            (Some(url), _) => Target::Url(url.clone()),
            (None, Address::Local) => Target::Local,
            (None, Address::Configured) if self.port == 0 => Target::Local,
            (None, Address::Configured) => {
                Target::Url(format!("ws://{}:{}/", self.host.dial().in_url(), self.port))
            }
        }
    }

    /// Whether a shim may start a daemon when none answers.
    pub fn may_start_daemon(&self) -> bool {
        match self.autostart {
            Autostart::Auto => self.target() == Target::Local,
            Autostart::Never => false,
            Autostart::Always => true,
        }
    }
}

/// Bounds of a tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct Calls {
    /// Whole call, from the moment the shim read the line: 1 to 3600 s, always on. Every inner wait is cut by what is
    /// left of it.
    pub timeout: Duration,
    /// How long a call without a progress token is held while the daemon is away. Never above `timeout`.
    pub hold: Duration,
    /// `EXAI_HOST_TIMEOUT`: after which silence the host gives up on a call. `None`: known by its name.
    pub host_timeout: Option<Duration>,
}

/// What concerns the shim alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Shim {
    /// `EXAI_SHIM_EXIT_AFTER`: after an outage of this length open calls are answered and the shim exits with 75.
    /// `None` (default): it never exits for that reason.
    pub exit_after: Option<Duration>,
    /// Absolute directories below which `files` may be read.
    pub file_roots: Vec<PathBuf>,
}

/// Files that exai keeps, and how much it writes.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The env file that was used, if any.
    pub env_file: Option<PathBuf>,
    /// The user's own env file, which is looked for where none is named; there need not be one. `None`: no home is known.
    pub users_env_file: Option<PathBuf>,
    /// The state directory, absolute. `None` where neither it nor a home is known: work on without snapshot and log.
    pub dir: Option<PathBuf>,
    /// The health file, absolute. `None` where it would be in an unknown state directory.
    pub health_file: Option<PathBuf>,
    /// `EXAI_LOG_FILE`, absolute. `None` (default): a daemon started by hand logs to stderr alone.
    pub log_file: Option<PathBuf>,
    /// How old a health file `exai status` still believes when the daemon can't be reached.
    pub health_max_age: Duration,
    /// How talkative the logs are.
    pub log_level: LogLevel,
}

/// `LOG_LEVEL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed for good.
    Error,
    /// And what needs a person.
    Warn,
    /// And what changed.
    Info,
    /// And each step.
    Debug,
    /// And whatever else there is; today the same as `Debug`.
    Trace,
}

impl LogLevel {
    /// The word as it is written in the setting, and as `tracing` understands it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What concerns the daemon alone. It listens on [`Connection::host`] and [`Connection::port`].
#[derive(Debug, Clone, PartialEq)]
pub struct Daemon {
    /// Calls of one session that run at once; more wait in the queue. 64: a host that fans out to sub-agents was seen
    /// to send dozens at once, and the predecessor's 8 refused them.
    pub session_in_flight: u32,
    /// Calls that run at once, all sessions together. 256: four hosts at their full width; a call that waits for a
    /// provider costs tens of KiB.
    pub global_in_flight: u32,
    /// Calls that wait for a place, all sessions together; beyond it `overloaded`. 1024: what one shim may hold open.
    pub queue: u32,
    /// From the signal until provider streams are cut. 8 s: Docker kills 10 s after its signal.
    pub drain_grace: Duration,
    /// A daemon that a shim started ends after this long without sessions and calls. `None`: never.
    pub idle_exit: Option<Duration>,
    /// Browser origins that may connect, exact (`https://host[:port]`). Empty: none.
    pub allowed_origins: Vec<String>,
}

/// What the daemon keeps of calls, answers and conversations.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// How old an answer may be that is given to the same question asked again. `None`: none is.
    pub adopt_within: Option<Duration>,
    /// How long an answer that reached its host is kept.
    pub keep_delivered: Duration,
    /// How long an answer that nobody has fetched is kept.
    pub keep_undelivered: Duration,
    /// Size of calls and answers, in MiB.
    pub size_mib: u32,
    /// How long a conversation is kept after its last turn. `None`: until there is no room.
    pub conversations_keep: Option<Duration>,
    /// Size of all conversations, in MiB.
    pub conversations_mib: u32,
}

/// Which models answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Models {
    /// Model of a call that names none. `None`: the first model of the first provider that has a key.
    pub default: Option<String>,
    /// Whether another model may answer for one that fails.
    pub fallback: Fallback,
    /// Models tried in this order under [`Fallback::Chain`]. Empty: the order of the catalogue.
    pub chain: Vec<String>,
    /// A model catalogue that is laid over the built-in one, absolute.
    pub catalogue_file: Option<PathBuf>,
    /// Whether providers are asked which models they have.
    pub discovery: Discovery,
}

/// `EXAI_DISCOVER_MODELS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// They are asked now and then.
    On,
    /// Never.
    Off,
}

/// `EXAI_FALLBACK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The model asked for answers, or nobody.
    Off,
    /// Another model of the same provider may answer.
    Family,
    /// A model of another provider may answer too.
    Chain,
}

impl Default for Settings {
    /// What holds with nothing set, on a machine without a home directory.
    fn default() -> Self {
        crate::load::defaults()
    }
}

/// Why a daemon must not listen where it is told to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Beyond loopback anyone on the network could spend the user's money.
    #[error(
        "EXAI_WS_HOST={host} can be reached from other machines, and EXAI_WS_TOKEN is not set; set EXAI_WS_TOKEN to a long \
         random text here and in the host's configuration, or EXAI_WS_HOST=127.0.0.1"
    )]
    TokenMissing {
        /// The host that was to be listened on.
        host: Host,
    },
}

impl ListenError {
    /// Stable name for logs and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TokenMissing { .. } => "token_missing",
        }
    }
}

impl Settings {
    /// Whether a daemon may listen on the configured host. Only a daemon asks: for everyone else an address such as
    /// `0.0.0.0` is merely dialled.
    ///
    /// # Errors
    /// [`ListenError::TokenMissing`] beyond loopback without a token.
    pub fn check_listen(&self) -> Result<(), ListenError> {
        let connection = &self.connection;
        if connection.token.is_none() && !connection.host.is_loopback() {
            return Err(ListenError::TokenMissing { host: connection.host.clone() });
        }
        Ok(())
    }

    /// The provider of this name (lower case).
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

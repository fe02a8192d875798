//! Connection, calls, shim, files and logs.

use std::time::Duration;

use super::{Preset, Reader, Row};
use crate::kind::{Choice, Kind, Relative};
use crate::settings::{Autostart, LogLevel, Settings};
use crate::url;

use Preset::{Unset, Value};
use Reader::{Connection, Daemon, Shim};

pub(super) const CONNECTION: &[Row<Settings>] = &[
    Row {
        name: "ENV_FILE",
        aliases: &[],
        default: Unset("`exai/.env` in the user's configuration directory"),
        readers: &[Connection, Shim, Daemon],
        kind: Kind::Path {
            relative: Relative::BelowWorkingDir,
            set: |settings, path| settings.state.env_file = Some(path),
        },
        doc: "The env file. It counts in the process environment only. A file named here has to exist. For `exai daemon` and the \
              commands that people type it may be relative to the working directory.",
    },
    Row {
        name: "EXAI_WS_URL",
        aliases: &[],
        default: Unset("`EXAI_WS_HOST` and `EXAI_WS_PORT` say where"),
        readers: &[Connection],
        kind: Kind::Url {
            check: url::socket,
            what: "an address that begins with ws:// or wss://",
            set: |settings, url| settings.connection.url = Some(url),
        },
        doc: "Address of a daemon elsewhere. It wins over `EXAI_WS_HOST` and `EXAI_WS_PORT` for everyone who connects; the daemon \
              itself listens where those two say.",
    },
    Row {
        name: "EXAI_WS_HOST",
        aliases: &[],
        default: Value("127.0.0.1"),
        readers: &[Connection, Daemon],
        kind: Kind::Host { set: |settings, host| settings.connection.host = host },
        doc: "Where the daemon listens and the others connect. `localhost` means both loopback addresses. `0.0.0.0` and `::` \
              are listened on, with a token only, and dialled as loopback.",
    },
    Row {
        name: "EXAI_WS_PORT",
        aliases: &[],
        default: Value("8079"),
        readers: &[Connection, Daemon],
        kind: Kind::Port { set: |settings, port| settings.connection.port = port },
        doc: "Port that the daemon listens on and the others connect to. With 0 the daemon takes a free one, and the others \
              find it through `endpoint.json` in the state directory.",
    },
    Row {
        name: "EXAI_WS_TOKEN",
        aliases: &[],
        default: Unset("none; a daemon that a shim starts makes one"),
        readers: &[Connection, Daemon],
        kind: Kind::Secret { set: |settings, token| settings.connection.token = Some(token) },
        doc: "Shared secret between the daemon and everyone who connects. Needed beyond loopback. Take a long random text, \
              such as that of `openssl rand -hex 32`.",
    },
    Row {
        name: "EXAI_WS_CA",
        aliases: &[],
        default: Unset("the bundled public authorities alone"),
        readers: &[Connection],
        kind: Kind::Path {
            relative: Relative::BelowWorkingDir,
            set: |settings, path| settings.connection.ca = Some(path),
        },
        doc: "PEM file with certificates of further authorities, for a `wss://` address whose certificate is signed by a \
              private one.",
    },
    Row {
        name: "EXAI_AUTOSTART",
        aliases: &["EXAI_WS_AUTOSTART"],
        default: Value("auto"),
        readers: &[Shim],
        kind: Kind::Choice(&[
            Choice {
                word: "auto",
                also: &["true", "1", "yes", "on"],
                set: |settings| settings.connection.autostart = Autostart::Auto,
            },
            Choice {
                word: "never",
                also: &["false", "0", "no", "off"],
                set: |settings| settings.connection.autostart = Autostart::Never,
            },
            Choice {
                word: "always",
                also: &[],
                set: |settings| settings.connection.autostart = Autostart::Always,
            },
        ]),
        doc: "Whether the shim starts a daemon at the first call when none runs. `auto`: only where no address is configured.",
    },
];

pub(super) const CALLS: &[Row<Settings>] = &[
    Row {
        name: "EXAI_CALL_TIMEOUT",
        aliases: &[],
        default: Value("1200s"),
        readers: &[Shim, Daemon],
        kind: Kind::Duration {
            min: Duration::from_secs(1),
            max: Duration::from_secs(3600),
            set: |settings, timeout| settings.calls.timeout = timeout,
        },
        doc: "Longest time from a call to its answer. Every other wait inside a call is cut by what is left of it, and it \
              can't be switched off.",
    },
    Row {
        name: "EXAI_HOLD",
        aliases: &[],
        default: Value("50s"),
        readers: &[Shim],
        kind: Kind::Duration {
            min: Duration::ZERO,
            max: Duration::from_secs(3600),
            set: |settings, hold| settings.calls.hold = hold,
        },
        doc: "How long a call is held while the daemon is away, when the host gave no progress token. Most hosts give up \
              after 60 s of silence. With a token a call is held to its deadline. Hosts that speak MCP 2026-07-28 are asked \
              to come back instead, up to nine times, if a daemon had been reached before.",
    },
    Row {
        name: "EXAI_HOST_TIMEOUT",
        aliases: &[],
        default: Unset("known by the host's name, 60s for others"),
        readers: &[Shim],
        kind: Kind::Duration {
            min: Duration::from_secs(1),
            max: Duration::from_secs(86_400),
            set: |settings, timeout| settings.calls.host_timeout = Some(timeout),
        },
        doc: "After which silence the host gives up on a call. For hosts whose own limit for calls has been changed: they do \
              not tell. A call that takes longer is answered before it, with what to do to get its result.",
    },
];

pub(super) const SHIM: &[Row<Settings>] = &[
    Row {
        name: "EXAI_SHIM_EXIT_AFTER",
        aliases: &[],
        default: Value("off"),
        readers: &[Shim],
        kind: Kind::DurationOrOff {
            min: Duration::from_secs(1),
            max: Duration::from_secs(86_400),
            set: |settings, after| settings.shim.exit_after = after,
        },
        doc: "Outage after which the shim answers what is open and exits with 75. For supervised set-ups; most hosts never \
              start a server again that has exited.",
    },
    Row {
        name: "EXAI_FILE_ROOTS",
        aliases: &[],
        default: Unset("the working directory and the home directory"),
        readers: &[Shim],
        kind: Kind::Paths { set: |settings, roots| settings.shim.file_roots = roots },
        doc: "Directories below which tools may read files. Key files and dot-directories of the home are never read.",
    },
];

pub(super) const STATE: &[Row<Settings>] = &[
    Row {
        name: "EXAI_STATE_DIR",
        aliases: &[],
        default: Unset("`exai` in the user's state directory"),
        readers: &[Connection, Shim, Daemon],
        kind: Kind::Path { relative: Relative::Refused, set: |settings, dir| settings.state.dir = Some(dir) },
        doc: "Directory for the journal (calls, answers and conversations), the daemon's address, the tool catalogue, the key that seals what hosts carry, the health file and the \
              logs. Shim and daemon of one machine need the same one. A host that passes on a short environment hides `XDG_STATE_HOME` from the shim; who \
              has set that names the directory here.",
    },
    Row {
        name: "EXAI_HEALTH_FILE",
        aliases: &[],
        default: Value("logs/ws_daemon.health.json"),
        readers: &[Connection, Daemon],
        kind: Kind::Path {
            relative: Relative::BelowStateDir,
            set: |settings, path| settings.state.health_file = Some(path),
        },
        doc: "File that the daemon writes its health into every 2 s. It informs; nobody decides by it.",
    },
    Row {
        name: "EXAI_LOG_FILE",
        aliases: &[],
        default: Unset("a daemon that a shim starts logs to `logs/daemon.log`, any other to stderr alone"),
        readers: &[Daemon],
        kind: Kind::Path {
            relative: Relative::BelowStateDir,
            set: |settings, path| settings.state.log_file = Some(path),
        },
        doc: "File that a daemon writes its log into which no shim has started, besides stderr: `logs/daemon.log` in a \
              container whose `logs` directory is mounted. It is kept within 8 MiB, with one predecessor.",
    },
    Row {
        name: "HEALTH_FILE_MAX_AGE",
        aliases: &["WS_STATUS_FRESH_SECS"],
        default: Value("20s"),
        readers: &[Connection],
        kind: Kind::Duration {
            min: Duration::from_secs(1),
            max: Duration::from_secs(86_400),
            set: |settings, age| settings.state.health_max_age = age,
        },
        doc: "How old a health file `exai status` still believes when it can't reach the daemon.",
    },
    Row {
        name: "LOG_LEVEL",
        aliases: &[],
        default: Value("info"),
        readers: &[Connection, Shim, Daemon],
        kind: Kind::Choice(&[
            Choice {
                word: "off",
                also: &["none", "silent"],
                set: |settings| settings.state.log_level = LogLevel::Off,
            },
            Choice {
                word: "error",
                also: &["critical", "fatal"],
                set: |settings| settings.state.log_level = LogLevel::Error,
            },
            Choice {
                word: "warn",
                also: &["warning"],
                set: |settings| settings.state.log_level = LogLevel::Warn,
            },
            Choice {
                word: "info",
                also: &["notice"],
                set: |settings| settings.state.log_level = LogLevel::Info,
            },
            Choice {
                word: "debug",
                also: &["verbose"],
                set: |settings| settings.state.log_level = LogLevel::Debug,
            },
            Choice {
                word: "trace",
                also: &["all"],
                set: |settings| settings.state.log_level = LogLevel::Trace,
            },
        ]),
        doc: "How much the logs below the state directory tell. At no level do they hold secrets, prompts, answers or file texts.",
    },
];

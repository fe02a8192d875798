//! Who is asked: the daemon that these settings mean, or, where none runs, the journal that the last one has left.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use exai_daemon::{LockError, LookupError, OfflineJournal, StateLock};
use exai_journal_sqlite::{Fault, OpenError};
use exai_session::CallState;
use exai_settings::{Secret, Settings, Target};
use exai_shim::ask::{Address, AskError, Request, ask_long};
use exai_shim::endpoint::is_held;
use serde_json::{Value, json};

use crate::exit;
use crate::locate::{LocateError, Located, locate};

/// Longest wait for one answer: several MiB, by a disk that may be busy.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Longest answer that is read. One turn may be as long as its call (16 MiB and 7 MiB), and longer as JSON.
const ANSWER_BYTES_MAX: u64 = 128 << 20;

/// Who is asked.
#[derive(Debug)]
pub(crate) enum Source {
    /// A daemon.
    Daemon(Located),
    /// Its journal.
    Journal(OfflineJournal),
    /// There is none: no daemon has run here.
    Nothing,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Nobody can be asked.
    NotRunning(String),
    /// The state directory is a daemon's.
    Taken(String),
    /// The answer is no.
    No(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotRunning(sentence) | Self::Taken(sentence) | Self::No(sentence)) = self;
        f.write_str(sentence)
    }
}

impl Failed {
    /// The exit code that goes with it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotRunning(_) => exit::not_running(),
            Self::Taken(_) => exit::taken(),
            Self::No(_) => exit::NO,
        }
    }
}

impl From<LookupError> for Failed {
    fn from(error: LookupError) -> Self {
        Self::No(error.to_string())
    }
}

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Self {
        Self::No(error.to_string())
    }
}

impl From<LockError> for Failed {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held { .. } => Self::Taken(error.to_string()),
            LockError::Io { .. } => Self::No(error.to_string()),
        }
    }
}

impl Source {
    /// Finds whom to ask.
    ///
    /// # Errors
    /// [`Failed`].
    pub(crate) fn find(settings: &Settings) -> Result<Self, Failed> {
        let here = settings.state.dir.as_deref();
        // An address that a daemon has left behind may be somebody else's by now.
        if let (Target::Local, Some(dir)) = (settings.connection.target(), here)
            && is_held(dir) == Some(false)
        {
            return Self::journal(dir);
        }
        match locate(settings) {
            Ok(located) => match alive(&located.address) {
                Ok(()) => Ok(Self::Daemon(located)),
                Err(error) => Self::behind(here, &located.address, &error),
            },
            Err(error @ (LocateError::NoneRuns { .. } | LocateError::NoneCan(_))) => match here {
                Some(dir) if is_held(dir) == Some(true) => {
                    Err(Failed::NotRunning("the daemon is just starting or ending: try again".to_owned()))
                }
                Some(dir) => Self::journal(dir),
                None => Err(Failed::NotRunning(error.to_string())),
            },
            Err(error) => Err(Failed::NotRunning(error.to_string())),
        }
    }

    /// The journal here, if it is that of the daemon which does not answer there, and that one has ended.
    fn behind(here: Option<&Path>, address: &Address, error: &AskError) -> Result<Self, Failed> {
        let refused =
            matches!(error, AskError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused);
        match here {
            Some(dir) if refused && address.is_loopback() && is_held(dir) != Some(true) => Self::journal(dir),
            _ => Err(Failed::NotRunning(format!("unreachable: {error} at {address}"))),
        }
    }

    fn journal(dir: &Path) -> Result<Self, Failed> {
        match OfflineJournal::open(dir) {
            Ok(journal) => Ok(Self::Journal(journal)),
            Err(error) if error.fault == Fault::Missing => Ok(Self::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    /// Whose word it is, for programs.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Daemon(_) => "daemon",
            Self::Journal(_) | Self::Nothing => "journal",
        }
    }

    /// What people are told of it, if it is not the daemon.
    pub(crate) const fn remark(&self) -> Option<&'static str> {
        match self {
            Self::Daemon(_) => None,
            Self::Journal(_) => Some("no daemon runs; this is what its journal says"),
            Self::Nothing => Some("no daemon runs, and none has kept anything here"),
        }
    }

    /// The calls in these states.
    ///
    /// # Errors
    /// [`Failed`].
    pub(crate) fn calls(&self, states: &[CallState]) -> Result<Value, Failed> {
        let words: Vec<&str> = states.iter().map(|state| state.word()).collect();
        match self {
            Self::Daemon(at) => get(at, &format!("/calls?state={}", words.join(","))),
            Self::Journal(journal) => parsed(&journal.calls(states)?),
            Self::Nothing => Ok(json!({"calls": [], "left_out": 0})),
        }
    }

    /// All that is known of a call.
    ///
    /// # Errors
    /// [`Failed`].
    pub(crate) fn call(&self, id: &str) -> Result<Value, Failed> {
        match self {
            Self::Daemon(at) => get(at, &format!("/calls/{}", word_of(id)?)),
            Self::Journal(journal) => parsed(&journal.call(id)?),
            Self::Nothing => Err(nothing("call", id)),
        }
    }

    /// All conversations.
    ///
    /// # Errors
    /// [`Failed`].
    pub(crate) fn conversations(&self) -> Result<Value, Failed> {
        match self {
            Self::Daemon(at) => get(at, "/conversations"),
            Self::Journal(journal) => parsed(&journal.conversations()?),
            Self::Nothing => Ok(json!({"conversations": [], "left_out": 0})),
        }
    }

    /// Turns of a conversation, from this number on.
    ///
    /// # Errors
    /// [`Failed`].
    pub(crate) fn conversation(&self, id: &str, from: u64) -> Result<Value, Failed> {
        match self {
            Self::Daemon(at) => get(at, &format!("/conversations/{}?from={from}", word_of(id)?)),
            Self::Journal(journal) => parsed(&journal.conversation(id, from)?),
            Self::Nothing => Err(nothing("conversation", id)),
        }
    }

    /// Deletes a conversation; what it was.
    ///
    /// # Errors
    /// [`Failed`].
    pub(crate) fn delete_conversation(&self, settings: &Settings, id: &str) -> Result<Value, Failed> {
        match (self, settings.state.dir.as_deref()) {
            (Self::Daemon(at), _) => ask(at, "DELETE", &format!("/conversations/{}", word_of(id)?)),
            (Self::Journal(journal), Some(dir)) => {
                let lock = StateLock::take(dir)?;
                parsed(&journal.delete_conversation(&lock, id)?)
            }
            (Self::Journal(_) | Self::Nothing, _) => Err(nothing("conversation", id)),
        }
    }
}

/// Whether a daemon listens there.
fn alive(address: &Address) -> Result<(), AskError> {
    let request = Request { method: "GET", path: "/health/live", token: None };
    exai_shim::ask::ask(address, request, Duration::from_secs(3)).map(drop)
}

fn nothing(what: &'static str, id: &str) -> Failed {
    LookupError::Unknown { what, digits: id.to_owned() }.into()
}

/// An id as it may stand in a path; the daemon looks closer.
fn word_of(id: &str) -> Result<&str, Failed> {
    let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_plain { Ok(id) } else { Err(LookupError::Malformed.into()) }
}

fn get(at: &Located, path: &str) -> Result<Value, Failed> {
    ask(at, "GET", path)
}

fn ask(at: &Located, method: &str, path: &str) -> Result<Value, Failed> {
    let address = &at.address;
    let request = Request { method, path, token: at.token.as_ref().map(Secret::expose) };
    let response = ask_long(address, request, TIMEOUT, ANSWER_BYTES_MAX)
        .map_err(|error| Failed::NotRunning(format!("unreachable: {error} at {address}")))?;
    let body = response.body.trim();
    match response.status {
        200 => parsed(body),
        401 => Err(Failed::NotRunning(format!("token refused by {address}: {body}"))),
        // A path that it does not know.
        404 if body.is_empty() => {
            Err(Failed::No(format!("the daemon at {address} is of an older release, which does not tell")))
        }
        400 | 404 | 409 | 503 => Err(Failed::No(body.to_owned())),
        status => Err(Failed::No(format!("{address} answered {status}: {body}"))),
    }
}

fn parsed(body: &str) -> Result<Value, Failed> {
    serde_json::from_str(body).map_err(|error| Failed::No(format!("the answer can't be understood: {error}")))
}

//! What the daemon says of itself, or last said: where `exai status` has it from, and how it reads.

mod page;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exai_settings::{Secret, Settings, Target};
use exai_shim::ask::{Address, AskError, Request, ask};
use serde_json::{Value, json};

use crate::locate::locate;
use crate::presence::{Holder, holds_state_dir, is_alive};

pub(crate) use page::page;

/// Longest wait for the daemon.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A report, and whose word it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// Whose word it is.
    pub(crate) source: Source,
    /// Wall time of the snapshot, since 1970.
    pub(crate) written_at: Duration,
    /// How long ago that was.
    pub(crate) age: Duration,
    /// The daemon's snapshot, as it made it.
    pub(crate) snapshot: Value,
}

/// Whose word a report is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The daemon answered.
    Daemon,
    /// The daemon does not answer, for this reason; its health file is young and its process runs.
    HealthFile { unreachable: String },
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nothing {
    /// Why the daemon did not answer; begins with what is the matter: not running, unreachable, token refused.
    pub(crate) daemon: String,
    /// Why its health file does not help; `None` where there is nothing to say about it.
    pub(crate) file: Option<String>,
}

/// Why the daemon's own word can't be had.
enum Unheard {
    /// Nothing answers at this address; a health file may know more.
    Silent(Address, String),
    /// There is an answer, or nobody to ask: a file can't make that better.
    Final(String),
}

/// Asks the daemon, and looks at its health file where it does not answer.
///
/// # Errors
/// [`Nothing`] where neither has a word to go by.
pub(crate) fn report(settings: &Settings) -> Result<Report, Nothing> {
    let (address, unreachable) = match from_daemon(settings) {
        Ok(snapshot) => return Ok(Report::new(Source::Daemon, snapshot)),
        Err(Unheard::Final(daemon)) => return Err(Nothing { daemon, file: None }),
        Err(Unheard::Silent(address, why)) => (address, why),
    };
    let Some(path) = settings.state.health_file.as_deref() else {
        return Err(Nothing { daemon: unreachable, file: None });
    };
    let found = from_file(path)
        .map(|snapshot| Report::new(Source::HealthFile { unreachable: unreachable.clone() }, snapshot));
    match found.and_then(|report| report.checked(settings, &address)) {
        Ok(report) => Ok(report),
        Err(file) => Err(Nothing { daemon: unreachable, file: Some(file) }),
    }
}

impl Report {
    fn new(source: Source, snapshot: Value) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let written_at =
            Duration::from_millis(snapshot.get("written_at").and_then(Value::as_u64).unwrap_or(0));
        // A file from the future: a clock was set back since. Its age is unknown, at least this much.
        Self { source, written_at, age: now.abs_diff(written_at), snapshot }
    }

    /// The report, if it is young, of the daemon that was asked, and that one has not ended since.
    fn checked(self, settings: &Settings, asked: &Address) -> Result<Self, String> {
        let (age, state) = (exai_provider::span(self.age), self.state());
        let said = format!("its health file said `{state}` {age} ago");
        let address = self.snapshot.get("address").and_then(Value::as_str);
        match address.map(|url| (url, Address::parse(url, None))) {
            Some((_, Some(written))) if written.is_same_place(asked) => {}
            Some((url, _)) => {
                return Err(format!("ignored: the health file here is of another daemon, at {url}"));
            }
            None => return Err("ignored: the health file here names no address".to_owned()),
        }
        if self.age > settings.state.health_max_age {
            return Err(format!("{said}, too long to go by"));
        }
        if state == "stopped" {
            return Err(format!("{said}: it ended in order"));
        }
        let pid = self.snapshot.get("pid").and_then(Value::as_u64).filter(|_| asked.is_loopback());
        let runs = holds_state_dir(settings, asked).or_else(|| pid.and_then(is_alive));
        if runs == Some(false) {
            return Err(format!("{said}, but its process has ended since"));
        }
        Ok(self)
    }

    /// The daemon's state, as a word.
    pub(crate) fn state(&self) -> &str {
        self.snapshot.get("state").and_then(Value::as_str).unwrap_or("unknown")
    }

    /// Whether the daemon takes calls, by its own word.
    pub(crate) fn is_ready(&self) -> bool {
        self.source == Source::Daemon && matches!(self.state(), "ready" | "busy")
    }

    /// The report for programs.
    pub(crate) fn json(&self) -> Value {
        let (source, unreachable) = match &self.source {
            Source::Daemon => ("daemon", None),
            Source::HealthFile { unreachable } => ("health_file", Some(unreachable)),
        };
        let age_ms = u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX);
        json!({"source": source, "unreachable": unreachable, "age_ms": age_ms, "status": self.snapshot})
    }
}

fn from_daemon(settings: &Settings) -> Result<Value, Unheard> {
    let located = locate(settings).map_err(|error| Unheard::Final(error.to_string()))?;
    let token = located.token.as_ref().map(Secret::expose);
    let address = located.address;
    let response = match ask(&address, Request { method: "GET", path: "/status", token }, TIMEOUT) {
        Ok(response) => response,
        Err(error @ AskError::Io(_)) => {
            let why = format!("unreachable: {error} at {address}; {}", what_to_do(settings, &address));
            return Err(Unheard::Silent(address, why));
        }
        Err(error) => return Err(Unheard::Final(format!("unreachable: {error} ({address})"))),
    };
    let body = response.body.trim();
    match response.status {
        200 => serde_json::from_str(body).map_err(|_| {
            Unheard::Final(format!("unreachable: something else than exai listens at {address}"))
        }),
        401 => Err(Unheard::Final(format!("token refused by {address}: {body}"))),
        status => Err(Unheard::Final(format!("unreachable: {address} answered {status}: {body}"))),
    }
}

/// The way out when nothing answers.
fn what_to_do(settings: &Settings, address: &Address) -> String {
    if let Some(holder) = Holder::find(settings, address) {
        return holder.sentence();
    }
    let hint = match (settings.connection.target(), settings.connection.may_start_daemon()) {
        (_, true) => "the next call starts one",
        (Target::Local, false) => "`exai daemon --local` starts one",
        (Target::Url(_), false) => {
            "`exai daemon` starts one, `exai settings` shows where the address comes from"
        }
    };
    hint.to_owned()
}

fn from_file(path: &Path) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{} is malformed: {error}", path.display()))
}

#[cfg(test)]
mod tests;

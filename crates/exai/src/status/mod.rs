//! What the daemon says of itself, or last said: where `exai status` has it from, and how it reads.

mod page;

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exai_settings::{Secret, Settings};
use serde_json::{Value, json};

use crate::ask::{Request, ask};
use crate::locate::locate;

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
    /// The daemon can't be reached, for this reason; its health file is young enough to be believed.
    HealthFile { unreachable: String },
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nothing {
    /// Why the daemon did not answer.
    pub(crate) daemon: String,
    /// Why its health file does not help.
    pub(crate) file: String,
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.daemon, self.file)
    }
}

/// Asks the daemon, and looks at its health file where it does not answer.
///
/// # Errors
/// [`Nothing`] where neither has a word to go by.
pub(crate) fn report(settings: &Settings) -> Result<Report, Nothing> {
    let daemon = match from_daemon(settings) {
        Ok(snapshot) => return Ok(Report::new(Source::Daemon, snapshot)),
        Err(daemon) => daemon,
    };
    let file = match settings.state.health_file.as_deref() {
        Some(path) => from_file(path),
        None => Err("no health file is configured".to_owned()),
    };
    let max_age = settings.state.health_max_age;
    let file = file.map(|snapshot| Report::new(Source::HealthFile { unreachable: daemon.clone() }, snapshot));
    match file {
        Ok(report) if report.age <= max_age => Ok(report),
        Ok(report) => {
            let (age, state) = (page::duration(report.age), report.state().to_owned());
            Err(Nothing {
                daemon,
                file: format!("its health file said `{state}` {age} ago, too long to go by"),
            })
        }
        Err(file) => Err(Nothing { daemon, file }),
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

    /// The daemon's state, as a word.
    pub(crate) fn state(&self) -> &str {
        self.snapshot.get("state").and_then(Value::as_str).unwrap_or("unknown")
    }

    /// Whether the daemon takes calls, by this report.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state(), "ready" | "busy")
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

fn from_daemon(settings: &Settings) -> Result<Value, String> {
    let located = locate(settings).map_err(|error| error.to_string())?;
    let token = located.token.as_ref().map(Secret::expose);
    let address = &located.address;
    let response = ask(address, Request { method: "GET", path: "/status", token }, TIMEOUT)
        .map_err(|error| format!("no daemon answers at {address}: {error}"))?;
    if response.status != 200 {
        return Err(format!("{address} answered {}: {}", response.status, response.body.trim()));
    }
    serde_json::from_str(&response.body).map_err(|_| format!("something else than exai listens at {address}"))
}

fn from_file(path: &Path) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{} is malformed: {error}", path.display()))
}

#[cfg(test)]
mod tests;

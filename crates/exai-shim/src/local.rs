//! `status` and `version` as the shim answers them itself when no daemon does.

use std::time::Duration;

use exai_session::Link;

/// Tools that the shim can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalTool {
    /// How the link is.
    Status,
    /// Which release this is.
    Version,
}

/// How long such a call waits for the daemon, whose answer says more. A restart takes less.
pub(crate) const HOLD: Duration = Duration::from_secs(2);

impl LocalTool {
    /// The tool of that name, if the shim can answer it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "status" => Some(Self::Status),
            "version" => Some(Self::Version),
            _ => None,
        }
    }
}

/// What is known without a daemon.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// Release of this program.
    pub(crate) version: &'a str,
    /// Age of the session.
    pub(crate) age: Duration,
    /// The daemon's address.
    pub(crate) address: &'a str,
    /// State of the link.
    pub(crate) link: &'a Link,
    /// Open calls, this one not counted.
    pub(crate) open_calls: usize,
    /// What to do when no daemon runs.
    pub(crate) start: &'a str,
}

impl Report<'_> {
    /// The text of the tool's result.
    pub(crate) fn text(&self, tool: LocalTool, now: Duration) -> String {
        let Self { version, address, start, open_calls, .. } = self;
        let link = self.link_text(now);
        match tool {
            LocalTool::Version => format!("exai {version} (shim). The daemon at {address}, {link}"),
            LocalTool::Status => {
                // A daemon that turns away or does not answer in time is there: none needs to be started.
                let start =
                    if matches!(self.link, Link::Down { .. }) { format!("\n{start}") } else { String::new() };
                format!(
                    "exai shim: version {version} · pid {} · up {} s · {open_calls} other calls open\n\
                     exai daemon: {address}, {link}{start}",
                    std::process::id(),
                    self.age.as_secs()
                )
            }
        }
    }

    fn link_text(&self, now: Duration) -> String {
        match self.link {
            Link::Idle => "not dialled yet.".to_owned(),
            Link::Up { version, .. } => format!("connected, version {version}, has not answered in time."),
            Link::Rejected { message, .. } => format!("turns this session away: {message}"),
            Link::Down { since, last_error, dials, .. } => {
                let seconds = now.saturating_sub(*since).as_secs();
                let error = if last_error.is_empty() { "none yet" } else { last_error };
                format!("out of reach for {seconds} s · {dials} dials · last error: {error}")
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! When hosts give up on a call, by the name that they introduce themselves with.
//!
//! Measured with the real programs. A host that is not listed is taken for one of the many that stop after 60 s
//! unless they see progress.

use std::time::Duration;

use exai_mcp::Token;

/// Answered this long before the host's limit: room for a slow machine on both sides. Of a short limit it is a third.
const MARGIN: Duration = Duration::from_secs(10);

/// A cancel that comes so near to the host's limit is one for it. Of a short limit it is a sixth.
const NEAR: Duration = Duration::from_secs(5);

/// What progress does to a host's limit.
#[derive(Debug, Clone, Copy)]
enum Progress {
    /// Nothing.
    Ignored,
    /// Each notification starts the limit anew, for ever.
    Extends,
    /// The same, but only up to this many seconds in all.
    ExtendsTo(u64),
}

/// One host.
struct Profile {
    /// Beginning of `clientInfo.name`, lower case.
    name: &'static str,
    /// Seconds after which it gives up on a call that shows nothing; `None`: never.
    silent: Option<u64>,
    /// What progress changes.
    progress: Progress,
}

const fn profile(name: &'static str, silent: Option<u64>, progress: Progress) -> Profile {
    Profile { name, silent, progress }
}

/// Limits as shipped; users can change some, but the host does not tell.
const PROFILES: [Profile; 17] = [
    profile("augment", Some(600), Progress::ExtendsTo(1800)),
    profile("claude-code", Some(1800), Progress::Extends),
    // Claude Desktop: 60 s or 240 s by reports of 2026, whatever the server sends.
    profile("claude-ai", Some(60), Progress::Ignored),
    profile("codex", Some(300), Progress::Ignored),
    profile("gemini-cli", Some(600), Progress::Ignored),
    profile("qwen-cli", Some(300), Progress::Extends),
    profile("opencode", Some(60), Progress::Extends),
    profile("kilo", Some(60), Progress::Extends),
    profile("continue", Some(60), Progress::Ignored),
    profile("@cline", Some(60), Progress::Ignored),
    profile("cline", Some(60), Progress::Ignored),
    profile("roo code", Some(60), Progress::Ignored),
    profile("goose", Some(300), Progress::Ignored),
    profile("visual studio code", None, Progress::Extends),
    profile("zed", Some(60), Progress::Ignored),
    profile("mcp-inspector", Some(60), Progress::Extends),
    profile("inspector", Some(60), Progress::Extends),
];

const UNKNOWN: Profile = profile("", Some(60), Progress::Extends);

/// What is known of a host's limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits<'a> {
    /// How it introduces itself.
    pub(crate) host: Option<&'a str>,
    /// The limit of silence that the user tells of (`EXAI_HOST_TIMEOUT`).
    pub(crate) told: Option<Duration>,
}

impl Limits<'_> {
    /// Age at which the host gives up on a call, as far as it is known; `None`: it does not while it sees progress.
    fn of(self, token: Token) -> Option<Duration> {
        let name = self.host.unwrap_or_default().to_ascii_lowercase();
        let profile = PROFILES.iter().find(|profile| name.starts_with(profile.name)).unwrap_or(&UNKNOWN);
        let silent = self.told.or(profile.silent.map(Duration::from_secs));
        match (token, profile.progress) {
            (Token::Given, Progress::Extends) => None,
            (Token::Given, Progress::ExtendsTo(total)) => Some(Duration::from_secs(total).max(silent?)),
            (Token::Given, Progress::Ignored) | (Token::Absent, _) => silent,
        }
    }

    /// Age at which a call is answered in any case, so that the host hears it.
    pub(crate) fn patience(self, token: Token) -> Option<Duration> {
        self.of(token).map(|limit| limit - MARGIN.min(limit / 3))
    }

    /// Whether a cancel tells of a host that ran out of patience rather than of a person who lost interest: it says so,
    /// or it comes within 5 s of the host's limit. Such a call goes on and its answer is kept.
    pub(crate) fn is_timeout(self, token: Token, age: Duration, reason: Option<&str>) -> bool {
        let reason = reason.unwrap_or_default().to_ascii_lowercase();
        let says_so = ["timeout", "timed out", "time out"].iter().any(|word| reason.contains(word));
        says_so || self.of(token).is_some_and(|limit| age.abs_diff(limit) <= NEAR.min(limit / 6))
    }
}

/// Whether a person waits at a terminal (`exai call`), to whom progress is no reason to wait for a daemon that is not
/// there.
pub(crate) fn is_terminal(host: Option<&str>) -> bool {
    host == Some("exai-call")
}

#[cfg(test)]
mod tests;

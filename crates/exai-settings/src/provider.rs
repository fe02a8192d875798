//! What is set about one provider.

use std::time::Duration;

use crate::secret::Secret;

/// One OpenAI-compatible endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Lower-case name; in upper case it begins the names of its settings.
    pub name: String,
    /// `http://` or `https://`, without a slash at the end; `/chat/completions` is added to it.
    pub base_url: String,
    /// `None`: no key is set.
    pub key: Option<Secret>,
    /// When a streaming attempt has to prove that it still delivers.
    pub stream_timeout: StreamTimeout,
    /// TCP and TLS.
    pub connect_timeout: Duration,
    /// From the request to the first content. `None`: the model's clocks decide.
    pub first_event_timeout: Option<Duration>,
    /// Longest gap between two pieces of content. `None`: the model's clocks decide.
    pub idle_timeout: Option<Duration>,
    /// Requests to this provider at once, at most; more wait. At least 1.
    pub max_concurrency: u32,
    /// What the user chose is also where it begins.
    pub concurrency_chosen_by: ChosenBy,
    /// Requests a minute; `None`: as many as come.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, those of question and answer together; `None`: as many as come.
    pub tokens_per_minute: Option<u32>,
    /// The most that a UTC day may cost, in billionths of a dollar. `None`: no such limit.
    pub daily_nano_usd: Option<u64>,
}

/// `<NAME>_STREAM_TIMEOUT`: the age from which on an attempt is cut as soon as it trickles or hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamTimeout {
    /// Age of the attempt.
    pub after: Duration,
    /// A default gives way to the idle time of a thinking model; what the user chose holds for every model.
    pub chosen_by: ChosenBy,
}

/// Who chose a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenBy {
    /// Nobody: it is the default.
    Default,
    /// The environment or the env file names it.
    User,
}

impl Provider {
    /// The name of one of this provider's settings: `variable("API_KEY")` of `glm` is `GLM_API_KEY`.
    pub fn variable(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.name.to_ascii_uppercase())
    }
}

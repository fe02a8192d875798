//! Settings of this layer, handed in by whoever reads settings.

use std::time::Duration;

use crate::dialect::{Dialect, KeyNeed};
use crate::key::Key;

/// From which age on a stream must keep delivering, and who said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamTimeout {
    /// The built-in value; thinking models keep their longer pauses.
    Default(Duration),
    /// Set by the user; holds for every model.
    User(Duration),
}

impl StreamTimeout {
    /// The age.
    pub(crate) const fn age(self) -> Duration {
        match self {
            Self::Default(age) | Self::User(age) => age,
        }
    }
}

/// Clocks that the user set; `None` leaves the value to the model's idle class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockOverrides {
    /// Longest wait for the first content, reasoning or tool-call delta.
    pub first_event: Option<Duration>,
    /// Longest gap between such deltas.
    pub idle: Option<Duration>,
}

/// One endpoint.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Lower case: `glm`, `kimi`, or the name given in `EXAI_PROVIDERS`.
    pub name: String,
    /// URL up to, not including, `/chat/completions`.
    pub base_url: String,
    /// `None`: endpoints of GLM and Kimi can't be used; others are called without `authorization`.
    pub key: Option<Key>,
    /// Name of the variable that holds the key, for the sentence that asks for it.
    pub key_variable: String,
    /// Eight hexadecimal digits that stand for base URL and key together; what is remembered of the account bears them. Providers
    /// that have the same are one account: after a restart they share its quota, and what it does not serve.
    pub fingerprint: String,
    /// Longest dial including TLS; for the transport.
    pub connect_timeout: Duration,
    /// From which age on a stream must keep delivering.
    pub stream_timeout: StreamTimeout,
    /// Clocks that the user set.
    pub clocks: ClockOverrides,
    /// Requests at a time at most; at least 1.
    pub max_concurrency: u32,
    /// Requests of a model at a time to begin with; `None`: what is known of such providers. From there on the limit follows
    /// what the provider says.
    pub start_concurrency: Option<u32>,
    /// Requests a minute; at least 1.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, those of question and answer together; at least 1.
    pub tokens_per_minute: Option<u32>,
    /// The most that a UTC day may cost, in billionths of a dollar, but for the requests that are in flight when it is
    /// reached. `None`: no such limit.
    pub daily_nano_usd: Option<u64>,
}

impl ProviderConfig {
    /// An endpoint with the defaults of this crate: connect 10 s, stream timeout 300 s (`kimi`: 600 s), at most 4 requests
    /// at a time, key variable `<NAME>_API_KEY`, no key; its name for a
    /// fingerprint.
    pub fn new(name: &str, base_url: &str) -> Self {
        let stream_s = if name == "kimi" { 600 } else { 300 };
        Self {
            name: name.to_owned(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            key: None,
            key_variable: format!("{}_API_KEY", name.to_uppercase().replace(['-', '.'], "_")),
            fingerprint: name.to_owned(),
            connect_timeout: Duration::from_secs(10),
            stream_timeout: StreamTimeout::Default(Duration::from_secs(stream_s)),
            clocks: ClockOverrides::default(),
            max_concurrency: 4,
            start_concurrency: None,
            requests_per_minute: None,
            tokens_per_minute: None,
            daily_nano_usd: None,
        }
    }

    /// Whether it can be called.
    pub(crate) fn is_usable(&self) -> bool {
        self.key.is_some() || Dialect::of(self).key == KeyNeed::Optional
    }

    /// The header that bears its key, where it has one.
    pub(crate) fn authorization(&self) -> Option<(&'static str, String)> {
        self.key.as_ref().map(|key| ("authorization", format!("Bearer {}", key.reveal())))
    }

    /// The name of one of its settings: `variable("DAILY_USD")` of `glm` is `GLM_DAILY_USD`.
    pub(crate) fn variable(&self, suffix: &str) -> String {
        let stem = self.key_variable.strip_suffix("API_KEY").unwrap_or_default();
        format!("{stem}{suffix}")
    }
}

/// How many requests may run at a time beside each provider's own limit; a call that runs none (it waits, or pauses
/// before it asks again) does not count. Each at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Requests of each sharer, see [`crate::CallContext::sharer`].
    pub each: usize,
    /// Requests in all.
    pub all: usize,
    /// Calls that wait for one provider, in whatever way, while there are others; one more is told at once that it is busy
    /// there. Three quarters of them may be one sharer's.
    pub waiting: usize,
}

impl Default for Bounds {
    /// None: the providers' limits alone.
    fn default() -> Self {
        Self { each: usize::MAX, all: usize::MAX, waiting: usize::MAX }
    }
}

/// What may answer when the first choice can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FallbackPolicy {
    /// Nothing.
    Off,
    /// Other models of the same provider.
    Family,
    /// The chain, across providers.
    #[default]
    Chain,
}

/// The whole layer.
#[derive(Debug, Clone, Default)]
pub struct ProvidersConfig {
    /// In order of preference.
    pub providers: Vec<ProviderConfig>,
    /// Requests at a time, over all providers.
    pub bounds: Bounds,
    /// Model for calls that name none: id, alias or `provider/model`. `None`: the first model of the first provider
    /// that has what it needs.
    pub default_model: Option<String>,
    /// What may answer when the first choice can't.
    pub fallback: FallbackPolicy,
    /// Models that are tried in this order after the first choice. Empty: the first model of each other
    /// provider that has what it needs.
    pub chain: Vec<String>,
    /// Start of the random numbers for jitter.
    pub seed: u64,
}

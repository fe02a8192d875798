//! What this layer remembers over a restart.
//!
//! Names are `spend/<provider>` for what a provider was paid today, `rate/<provider>` for what of its rate a minute is used,
//! `provider/<fingerprint>/<model>` for what is known of a model that is asked with one key at one address
//! ([`crate::ProviderConfig::fingerprint`]), and `gone/<fingerprint>/<model>` for one that is not served there: another key
//! starts clean.
//!
//! Two providers with one address and key are one account under two names. A quota and what is served are the account's, so
//! they share what is remembered of those: what one has learned the other need not be told again after a restart, and the
//! newer word holds for both, also that it is over. While the daemon runs each learns for itself. What was paid, and the
//! rate, are kept by name, since those limits are set by name.

use std::collections::BTreeMap;
use std::time::Duration;

/// One thing to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Moment of the wall clock, since 1970, from which on it says nothing any more.
    pub until: Duration,
    /// What it says: at most 1 KiB.
    pub body: String,
}

/// Keeps a few hundred small things, names of at most 1 KiB, each with the moment at which it is of no use any more.
pub trait Memory: Send + Sync {
    /// All that is remembered; old things may be among it. May block; asked once, when the layer is put together.
    fn all(&self) -> Vec<(String, Remembered)>;

    /// Remembers this under a name, in place of what was there; `None`: nothing any more. Never blocks, and may be lost.
    fn put(&self, name: &str, what: Option<Remembered>);
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgetful;

impl Memory for Forgetful {
    fn all(&self) -> Vec<(String, Remembered)> {
        Vec::new()
    }

    fn put(&self, _: &str, _: Option<Remembered>) {}
}

/// The name of what is known of an account, or of one of its models.
pub(crate) fn account(fingerprint: &str, model: Option<&str>) -> String {
    match model {
        Some(model) => format!("provider/{fingerprint}/{model}"),
        None => format!("provider/{fingerprint}"),
    }
}

/// The name of what an account's provider said of a model that it does not serve.
pub(crate) fn gone(fingerprint: &str, model: &str) -> String {
    format!("gone/{fingerprint}/{model}")
}

/// What was remembered and still says something.
#[derive(Debug, Default)]
pub(crate) struct Recalled(BTreeMap<String, Remembered>);

impl Recalled {
    /// Asks the memory.
    pub(crate) fn of(memory: &dyn Memory, wall: Duration) -> Self {
        Self(memory.all().into_iter().filter(|(_, what)| what.until > wall).collect())
    }

    /// What was remembered under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Remembered> {
        self.0.get(name)
    }

    /// What was remembered of an account: of itself (`None`), and of its models.
    pub(crate) fn of_account<'r>(
        &'r self,
        fingerprint: &str,
    ) -> impl Iterator<Item = (Option<&'r str>, &'r Remembered)> {
        let own = account(fingerprint, None);
        self.0.iter().filter_map(move |(name, what)| {
            let rest = name.strip_prefix(&own)?;
            let model = if rest.is_empty() { None } else { Some(rest.strip_prefix('/')?) };
            Some((model, what))
        })
    }

    /// Models that the account's provider does not serve, with its words.
    pub(crate) fn gone_at<'r>(
        &'r self,
        fingerprint: &str,
    ) -> impl Iterator<Item = (&'r str, &'r Remembered)> {
        let prefix = gone(fingerprint, "");
        self.0.iter().filter_map(move |(name, what)| Some((name.strip_prefix(&prefix)?, what)))
    }
}

#[cfg(test)]
pub(crate) mod tests;

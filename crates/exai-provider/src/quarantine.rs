//! Routes that are left aside for a while: models that a provider has just said it does not serve.
//!
//! A route is a provider and one of its models; the provider's other models are asked as ever. What is left aside outlives a
//! restart under the name of the account, so that a daemon that is started often does not ask each time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::breaker::Moment;
use crate::memory::{self, Memory, Recalled, Remembered};

/// How long. Whoever asks for nothing but that model is let through all the same: a refusal costs nothing, and the model
/// may have come back.
const HELD_FOR: Duration = Duration::from_secs(3600);

/// Most routes that are held; the one with the least time left makes room for another.
const ROUTES_MAX: usize = 256;

/// Longest reason that is remembered, in characters: of four bytes each they fit into what a memory keeps.
const WHY_CHARS_MAX: usize = 250;

/// All of them.
pub(crate) struct Quarantine {
    /// Of each provider's address and key, for the memory.
    fingerprints: Vec<String>,
    memory: Arc<dyn Memory>,
    held: Mutex<Held>,
    news: Notify,
}

#[derive(Default)]
struct Held {
    routes: BTreeMap<Route, Entry>,
    /// Providers with a route that was put here since it was last asked.
    new: BTreeSet<usize>,
}

/// Index of the provider, and id of the model.
type Route = (usize, String);

struct Entry {
    until: Moment,
    /// In the provider's words.
    why: String,
}

impl Quarantine {
    /// Of these accounts, with what is remembered of them.
    pub(crate) fn new(
        fingerprints: Vec<String>,
        memory: Arc<dyn Memory>,
        recalled: &Recalled,
        at: Moment,
    ) -> Self {
        let mut held = Held::default();
        for (provider, fingerprint) in fingerprints.iter().enumerate() {
            for (model, what) in recalled.gone_at(fingerprint) {
                // The wall clock may have been set back since.
                let left = what.until.saturating_sub(at.wall).min(HELD_FOR);
                let entry = Entry { until: at.after(left), why: what.body.clone() };
                held.routes.insert((provider, model.to_owned()), entry);
                held.make_room();
            }
        }
        Self { fingerprints, memory, held: Mutex::new(held), news: Notify::new() }
    }

    /// What the provider said of this route, if it is held, and how long ago.
    pub(crate) fn why(&self, provider: usize, model: &str, at: Moment) -> Option<(String, Duration)> {
        let mut held = self.held();
        let route = (provider, model.to_owned());
        let entry = held.routes.get(&route)?;
        let left = entry.until.away(at);
        if left.is_zero() {
            held.routes.remove(&route);
            return None;
        }
        Some((entry.why.clone(), HELD_FOR.saturating_sub(left)))
    }

    /// How long this route is held still.
    pub(crate) fn left(&self, provider: usize, model: &str, at: Moment) -> Option<Duration> {
        self.why(provider, model, at).map(|(_, age)| HELD_FOR.saturating_sub(age))
    }

    /// The models of a provider that are held, and until when.
    pub(crate) fn held_at(&self, provider: usize, at: Moment) -> Vec<(String, Moment)> {
        let held = self.held();
        let own = held.routes.range((provider, String::new())..(provider + 1, String::new()));
        let own = own.filter(|(_, entry)| !entry.until.away(at).is_zero());
        own.map(|((_, model), entry)| (model.clone(), entry.until)).collect()
    }

    /// The provider has said that it does not serve this model.
    pub(crate) fn put(&self, provider: usize, model: &str, why: &str, at: Moment) {
        let mut held = self.held();
        let (until, why) = (at.after(HELD_FOR), why.chars().take(WHY_CHARS_MAX).collect::<String>());
        self.remember(provider, model, Some(Remembered { until: until.wall, body: why.clone() }));
        held.routes.insert((provider, model.to_owned()), Entry { until, why });
        if let Some((provider, model)) = held.make_room() {
            self.remember(provider, &model, None);
        }
        held.new.insert(provider);
        drop(held);
        self.news.notify_one();
    }

    /// It does after all. Says whether that is news.
    pub(crate) fn lift(&self, provider: usize, model: &str) -> bool {
        let mut held = self.held();
        let was_held = !held.routes.is_empty() && held.routes.remove(&(provider, model.to_owned())).is_some();
        if was_held {
            self.remember(provider, model, None);
        }
        was_held
    }

    /// Waits until a route is put here, and says at which providers any was since the last time. Cancel safe.
    pub(crate) async fn news(&self) -> BTreeSet<usize> {
        loop {
            let new = std::mem::take(&mut self.held().new);
            if !new.is_empty() {
                return new;
            }
            self.news.notified().await;
        }
    }

    /// Told under the lock, so that what is put last is the newest.
    fn remember(&self, provider: usize, model: &str, what: Option<Remembered>) {
        if let Some(fingerprint) = self.fingerprints.get(provider) {
            self.memory.put(&memory::gone(fingerprint, model), what);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every change is one step, so a panic elsewhere leaves it whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Gives up the route with the least time left, where there is one too many.
    fn make_room(&mut self) -> Option<Route> {
        if self.routes.len() <= ROUTES_MAX {
            return None;
        }
        let oldest = self.routes.iter().min_by_key(|(_, entry)| entry.until.wall);
        let oldest = oldest.map(|(route, _)| route.clone())?;
        self.routes.remove(&oldest);
        Some(oldest)
    }
}

#[cfg(test)]
mod tests;

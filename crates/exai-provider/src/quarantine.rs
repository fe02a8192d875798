//! Routes that are left aside for a while: models that a provider has just said it does not serve.
//!
//! A route is a provider and one of its models; the provider's other models are asked as ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// How long. Whoever asks for nothing but that model is let through all the same: a refusal costs nothing, and the model
/// may have come back.
const HELD_FOR: Duration = Duration::from_secs(3600);

/// Most routes that are held; the one with the least time left makes room for another.
const ROUTES_MAX: usize = 256;

/// All of them.
#[derive(Default)]
pub(crate) struct Quarantine {
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
    since: Duration,
    /// In the provider's words.
    why: String,
}

impl Quarantine {
    /// What the provider said of this route, if it is held, and how long ago.
    pub(crate) fn why(&self, provider: usize, model: &str, now: Duration) -> Option<(String, Duration)> {
        let mut held = self.held();
        let route = (provider, model.to_owned());
        let entry = held.routes.get(&route)?;
        let age = now.saturating_sub(entry.since);
        if age >= HELD_FOR {
            held.routes.remove(&route);
            return None;
        }
        Some((entry.why.clone(), age))
    }

    /// The provider has said that it does not serve this model.
    pub(crate) fn put(&self, provider: usize, model: &str, why: &str, now: Duration) {
        let mut held = self.held();
        held.routes.insert((provider, model.to_owned()), Entry { since: now, why: why.to_owned() });
        if held.routes.len() > ROUTES_MAX {
            let oldest =
                held.routes.iter().min_by_key(|(_, entry)| entry.since).map(|(route, _)| route.clone());
            oldest.and_then(|route| held.routes.remove(&route));
        }
        held.new.insert(provider);
        drop(held);
        self.news.notify_one();
    }

    /// It does after all.
    pub(crate) fn lift(&self, provider: usize, model: &str) {
        self.held().routes.remove(&(provider, model.to_owned()));
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

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every change is one step, so a panic elsewhere leaves it whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

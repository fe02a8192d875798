//! The catalogue as it is at the moment: what is listed, and what providers have said of their own models since.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalogue::Catalogue;
use crate::discovery::Found;

/// Every model that is known of.
pub(crate) struct Known {
    listed: Catalogue,
    shelf: Mutex<Shelf>,
}

struct Shelf {
    /// The newest list of each provider that has given one.
    lists: BTreeMap<String, Vec<Found>>,
    merged: Arc<Catalogue>,
}

impl Known {
    /// What is listed alone.
    pub(crate) fn new(listed: Catalogue) -> Self {
        let shelf = Shelf { lists: BTreeMap::new(), merged: Arc::new(listed.clone()) };
        Self { listed, shelf: Mutex::new(shelf) }
    }

    /// All of it, as it is now.
    pub(crate) fn now(&self) -> Arc<Catalogue> {
        Arc::clone(&self.shelf().merged)
    }

    /// Takes the newest list of a provider in place of the one before, and gives that one back.
    pub(crate) fn take(&self, provider: &str, list: Vec<Found>) -> Option<Vec<Found>> {
        let mut shelf = self.shelf();
        let before = shelf.lists.insert(provider.to_owned(), list);
        let mut merged = self.listed.clone();
        for (provider, list) in &shelf.lists {
            merged.with_found(provider, list);
        }
        shelf.merged = Arc::new(merged);
        before
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Every change is one step, so a panic elsewhere leaves it whole.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

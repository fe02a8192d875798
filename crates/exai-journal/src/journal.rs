//! A store, and the frames that wait for it.

use std::collections::BTreeMap;

use exai_wire::{Epoch, JournalId, KeptFrame, Record};

use crate::durable::Durable;
use crate::store::{JournalError, Store};

/// What became of a submitted record.
#[derive(Debug)]
pub struct Committed {
    /// The number it was submitted under.
    pub ticket: u64,
    /// The sealed frame that speaks of it (where one does), or why it was not written.
    pub result: Result<Option<Durable<KeptFrame>>, JournalError>,
}

/// A journal of any kind.
#[derive(Debug)]
pub struct Journal<S> {
    store: S,
    frames: BTreeMap<u64, Option<KeptFrame>>,
}

impl<S: Store> Journal<S> {
    /// A journal that keeps its records there.
    pub fn new(store: S) -> Self {
        Self { store, frames: BTreeMap::new() }
    }

    /// The journal's id and this start's number.
    pub fn identity(&self) -> (JournalId, Epoch) {
        self.store.identity()
    }

    /// The store itself.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Takes a record under a number that is used once; never blocks.
    pub fn submit(&mut self, ticket: u64, record: Record) {
        self.frames.insert(ticket, record.frame());
        self.store.submit(ticket, record);
    }

    /// What has been decided since the last call, in order of submission.
    pub fn poll_committed(&mut self) -> Option<Committed> {
        let (ticket, decided) = self.store.poll()?;
        let frame = self.frames.remove(&ticket).flatten();
        Some(Committed { ticket, result: decided.map(|()| frame.map(Durable::seal)) })
    }
}

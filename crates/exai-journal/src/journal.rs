//! A store, and the frames that wait for it.

use std::collections::BTreeMap;
use std::time::Duration;

use exai_wire::{CallId, Epoch, JournalId, Kept, KeptFrame, Record};

use crate::durable::Durable;
use crate::recovery::Recovery;
use crate::row::RowError;
use crate::store::{JournalError, Store};

/// What became of a submitted record.
#[derive(Debug)]
pub struct Committed {
    /// The number it was submitted under.
    pub ticket: u64,
    /// The sealed frame that speaks of it (where one does), or why it was not written.
    pub result: Result<Option<Durable<KeptFrame>>, JournalError>,
}

/// What a journal held when it was opened.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Every call, in the order in which they were taken.
    pub calls: Vec<(Kept, Durable<KeptFrame>)>,
    /// Rows that can't be understood, and are left as they are.
    pub unreadable: Vec<RowError>,
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

    /// What it held when it was opened: each call with its sealed `accepted`. To be asked once.
    pub fn recover(&mut self) -> Recovered {
        let (mut recovery, mut unreadable) = (Recovery::default(), Vec::new());
        for row in self.store.take_rows() {
            if let Err(error) = recovery.read(row) {
                unreadable.push(error);
            }
        }
        let sealed = |call: Kept| {
            let accepted = KeptFrame::Accepted(exai_wire::Accepted { call_id: call.call_id });
            (call, Durable::seal(accepted))
        };
        Recovered { calls: recovery.finish().into_iter().map(sealed).collect(), unreadable }
    }

    /// The journal's id and this start's number.
    pub fn identity(&self) -> (JournalId, Epoch) {
        self.store.identity()
    }

    /// For how long the oldest record has waited for its decision.
    pub fn behind(&self) -> Option<Duration> {
        self.store.behind()
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

    /// Asks for the kept end of a call; never blocks.
    pub fn fetch(&mut self, call_id: CallId) {
        self.store.fetch(call_id);
    }

    /// What was asked for, sealed; nothing where it is not kept.
    pub fn poll_fetched(&mut self) -> Option<(CallId, Option<Durable<KeptFrame>>)> {
        let (call_id, record) = self.store.poll_fetched()?;
        Some((call_id, record.and_then(|record| record.frame()).map(Durable::seal)))
    }
}

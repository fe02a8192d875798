//! The model: everything in memory, for tests in virtual time, and the daemon's stand-in until a disk is asked for. Its life
//! is the process's: a restart is a lost journal, and says so by another id.

use std::collections::VecDeque;

use exai_wire::{Epoch, JournalId, Record};

use crate::store::{JournalError, Store};

/// A store in memory. It keeps no records: what a daemon needs of finished calls it holds itself as long as it lives, and
/// with it this store dies too.
#[derive(Debug)]
pub struct ModelStore {
    id: JournalId,
    decided: VecDeque<(u64, Result<(), JournalError>)>,
    failing: Option<JournalError>,
}

impl ModelStore {
    /// An empty store with this id, at its first start.
    pub fn new(id: JournalId) -> Self {
        Self { id, decided: VecDeque::new(), failing: None }
    }

    /// From now on every record fails like this (`None`: works again). A disk's faults, for tests.
    pub fn fail_with(&mut self, error: Option<JournalError>) {
        self.failing = error;
    }
}

impl Store for ModelStore {
    fn identity(&self) -> (JournalId, Epoch) {
        (self.id, Epoch(1))
    }

    fn submit(&mut self, ticket: u64, _record: Record) {
        self.decided.push_back((ticket, self.failing.clone().map_or(Ok(()), Err)));
    }

    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)> {
        self.decided.pop_front()
    }
}

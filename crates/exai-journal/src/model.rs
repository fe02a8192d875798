//! The model journal: everything in memory, for tests in virtual time, and the daemon's stand-in until a disk is
//! asked for. Its life is the process's: a restart is a lost journal, and says so by another id.

use std::collections::VecDeque;

use exai_wire::{Epoch, JournalId, KeptFrame};

use crate::durable::Seal;
use crate::record::Record;
use crate::{Committed, Journal, JournalError};

/// A journal in memory. It keeps no records: what a daemon needs of finished calls it holds itself as long as it
/// lives, and with it this journal dies too.
#[derive(Debug)]
pub struct ModelJournal {
    id: JournalId,
    epoch: Epoch,
    seal: Option<Seal>,
    decided: VecDeque<Committed>,
    failing: Option<JournalError>,
}

impl ModelJournal {
    /// An empty journal with this id, at its first start.
    pub fn new(id: JournalId) -> Self {
        let mut journal = Self { id, epoch: Epoch(1), seal: None, decided: VecDeque::new(), failing: None };
        journal.seal = Some(Seal::for_journal(&journal));
        journal
    }

    /// From now on every record fails like this (`None`: works again). A disk's faults, for tests.
    pub fn fail_with(&mut self, error: Option<JournalError>) {
        self.failing = error;
    }
}

impl Journal for ModelJournal {
    fn identity(&self) -> (JournalId, Epoch) {
        (self.id, self.epoch)
    }

    fn submit(&mut self, ticket: u64, _record: Record, frame: Option<KeptFrame>) {
        let result = match (&self.failing, &self.seal) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(seal)) => Ok(frame.map(|frame| seal.seal(frame))),
            (None, None) => Err(JournalError::Unavailable("not open".to_owned())),
        };
        self.decided.push_back(Committed { ticket, result });
    }

    fn poll_committed(&mut self) -> Option<Committed> {
        self.decided.pop_front()
    }
}

//! Disks: slow, full, broken, lost, and restored from an old copy.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use exai_journal::{JournalError, ModelDisk, ModelStore, Pace, Row, Store};
use exai_wire::{CallId, Epoch, JournalId, Record};

use super::names::Lineage;

/// What the daemons' state lies on.
#[derive(Debug, Clone)]
pub(crate) struct Volume {
    pub(crate) id: JournalId,
    pub(crate) disk: ModelDisk,
    pub(crate) lineage: Lineage,
}

/// How a disk is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Works,
    Full,
    /// No room for ends.
    FullForEnds,
    /// No room for starts of attempts.
    FullForStarts,
    Unavailable,
    /// Syncs do not return.
    Hangs,
}

impl Health {
    fn objection(self, record: &Record) -> Option<JournalError> {
        let full = || Some(JournalError::Full("no space left".to_owned()));
        match (self, record) {
            (Self::Full, _)
            | (Self::FullForEnds, Record::Done { .. })
            | (Self::FullForStarts, Record::Started { .. }) => full(),
            (Self::Unavailable, _) => Some(JournalError::Unavailable("input/output error".to_owned())),
            _ => None,
        }
    }
}

/// What became of a record.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) record: Record,
    pub(crate) result: Result<(), JournalError>,
}

/// A store whose records wait for a sync; the journal has one handle, the world the other.
#[derive(Debug, Clone)]
pub(crate) struct DiskStore(Rc<RefCell<Inner>>);

#[derive(Debug)]
struct Inner {
    store: ModelStore,
    waiting: VecDeque<(u64, Record)>,
    decided: VecDeque<(u64, Result<(), JournalError>)>,
    wanted: VecDeque<CallId>,
}

impl DiskStore {
    pub(crate) fn open(volume: &Volume) -> Self {
        let store = ModelStore::open(volume.id, &volume.disk, Pace::AtOnce);
        let (waiting, decided, wanted) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self(Rc::new(RefCell::new(Inner { store, waiting, decided, wanted })))
    }

    pub(crate) fn has_waiting(&self) -> bool {
        let inner = self.0.borrow();
        !inner.waiting.is_empty() || !inner.wanted.is_empty()
    }

    /// Decides on everything that waits.
    pub(crate) fn sync(&self, health: Health) -> Vec<Decided> {
        let inner = &mut *self.0.borrow_mut();
        let mut all = Vec::new();
        for (ticket, record) in std::mem::take(&mut inner.waiting) {
            let result = match health.objection(&record) {
                Some(error) => Err(error),
                None => {
                    inner.store.submit(ticket, record.clone());
                    inner.store.poll().map_or(Ok(()), |(_, result)| result)
                }
            };
            inner.decided.push_back((ticket, result.clone()));
            all.push(Decided { record, result });
        }
        for call in std::mem::take(&mut inner.wanted) {
            inner.store.fetch(call);
        }
        all
    }
}

impl Store for DiskStore {
    fn identity(&self) -> (JournalId, Epoch) {
        self.0.borrow().store.identity()
    }

    fn take_rows(&mut self) -> Vec<Row> {
        self.0.borrow_mut().store.take_rows()
    }

    fn submit(&mut self, ticket: u64, record: Record) {
        self.0.borrow_mut().waiting.push_back((ticket, record));
    }

    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)> {
        self.0.borrow_mut().decided.pop_front()
    }

    fn fetch(&mut self, call_id: CallId) {
        self.0.borrow_mut().wanted.push_back(call_id);
    }

    fn poll_fetched(&mut self) -> Option<(CallId, Option<Record>)> {
        self.0.borrow_mut().store.poll_fetched()
    }
}

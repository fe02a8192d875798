//! The model: everything in memory. It stands in where there is no disk to write to, and in tests in virtual time, where a
//! [`ModelDisk`] outlives the daemon that wrote on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exai_wire::{CallId, ConversationKey, Epoch, JournalId, Record, Turn, TurnPlace};

use crate::archive::{Archive, ArchiveError};
use crate::memos::Memo;
use crate::model_memos::ModelMemos;
use crate::row::{ConversationHead, KeptTurn, Kind, Row, Written};
use crate::store::{JournalError, Store};
use crate::turns::{Turns, TurnsError};

/// What is on the disk: shared by the stores that are opened on it, one after the other.
#[derive(Debug, Clone, Default)]
pub struct ModelDisk {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) epoch: u64,
    /// Rows written so far, those included that are gone.
    written: u64,
    /// By call, each with its place among all.
    rows: BTreeMap<CallId, Vec<(u64, Row)>>,
    turns: BTreeMap<ConversationKey, Vec<KeptTurn>>,
    pub(crate) memos: BTreeMap<String, Memo>,
}

impl ModelDisk {
    /// The same as it is now, on a disk of its own: a backup.
    pub fn copy(&self) -> Self {
        Self { kept: Arc::new(Mutex::new(self.lock().clone())) }
    }

    /// Rows on it.
    pub fn rows(&self) -> Vec<Row> {
        self.lock().in_order()
    }

    /// No operation leaves it half changed, so a panic elsewhere spoils nothing.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the model decides on what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Everything is durable at once.
    AtOnce,
    /// When [`ModelStore::sync`] is called; what was not is lost with the store.
    AtSync,
}

/// A store in memory.
#[derive(Debug)]
pub struct ModelStore {
    id: JournalId,
    epoch: Epoch,
    disk: ModelDisk,
    pace: Pace,
    /// As they were when it was opened.
    rows: Vec<Row>,
    waiting: VecDeque<(u64, Record)>,
    decided: VecDeque<(u64, Result<(), JournalError>)>,
    fetched: VecDeque<(CallId, Option<Record>)>,
    failing: Option<JournalError>,
    memos: ModelMemos,
}

impl ModelStore {
    /// An empty store with this id, at its first start.
    pub fn new(id: JournalId) -> Self {
        Self::open(id, &ModelDisk::default(), Pace::AtOnce)
    }

    /// The next start on a disk. The id is the disk's, whoever keeps it.
    pub fn open(id: JournalId, disk: &ModelDisk, pace: Pace) -> Self {
        let mut kept = disk.lock();
        kept.epoch += 1;
        let (epoch, rows) = (Epoch(kept.epoch), kept.in_order());
        drop(kept);
        let (waiting, decided, fetched) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        let memos = ModelMemos::new(disk.clone(), epoch, pace);
        Self { id, epoch, disk: disk.clone(), pace, rows, waiting, decided, fetched, failing: None, memos }
    }

    /// What it writes on.
    pub fn disk(&self) -> &ModelDisk {
        &self.disk
    }

    /// Its memos, for any thread.
    pub fn memos(&self) -> ModelMemos {
        self.memos.clone()
    }

    /// From now on every record fails like this, and no memo is kept (`None`: works again). A disk's faults, for tests.
    pub fn fail_with(&mut self, error: Option<JournalError>) {
        self.memos.asked().is_failing = error.is_some();
        self.failing = error;
    }

    /// Makes durable what waits, or refuses it.
    pub fn sync(&mut self) {
        self.memos.sync();
        while let Some((ticket, record)) = self.waiting.pop_front() {
            let result = match &self.failing {
                Some(error) => Err(error.clone()),
                None => self.write(record),
            };
            self.decided.push_back((ticket, result));
        }
    }

    /// How many records wait for [`ModelStore::sync`].
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn write(&self, record: Record) -> Result<(), JournalError> {
        let mut kept = self.disk.lock();
        if kept.epoch != self.epoch.0 {
            return Err(JournalError::Usurped);
        }
        let at_ms = match &record {
            Record::Done { end, .. } => end.at_ms,
            _ => 0,
        };
        match Written::of(record) {
            Written::Row(row, _) if row.kind.continues() && !kept.rows.contains_key(&row.call_id) => {
                if row.kind == Kind::Started {
                    return Err(JournalError::Unfounded);
                }
            }
            Written::Row(row, turn) => {
                let is_wanted = |turn: &Turn| {
                    turn.place == TurnPlace::First || kept.turns.contains_key(&turn.conversation)
                };
                if let Some(turn) = turn.filter(is_wanted) {
                    let call_id = row.call_id;
                    let turns = kept.turns.entry(turn.conversation).or_default();
                    // Once a call, whatever is written again.
                    if turns.iter().all(|known| known.call_id != call_id) {
                        let seq = turns.last().map_or(1, |last| last.seq + 1);
                        turns.push(KeptTurn { seq, call_id, at_ms, body: turn.body });
                    }
                }
                kept.add(row);
            }
            Written::Removal(call_id) => {
                kept.rows.remove(&call_id);
            }
        }
        Ok(())
    }
}

impl Kept {
    /// All rows, in the order in which they were written.
    fn in_order(&self) -> Vec<Row> {
        let mut rows: Vec<&(u64, Row)> = self.rows.values().flatten().collect();
        rows.sort_unstable_by_key(|(place, _)| *place);
        rows.into_iter().map(|(_, row)| row.clone()).collect()
    }

    /// The question and the texts of a call that has ended are of no use any more, nor is anything of one that is buried.
    fn add(&mut self, row: Row) {
        self.written += 1;
        let place = self.written;
        let rows = self.rows.entry(row.call_id).or_default();
        match row.kind {
            Kind::Done => {
                rows.retain(|(_, old)| old.kind != Kind::Partial);
                drop_loads(rows, |kind| kind == Kind::Accepted);
            }
            Kind::Buried => drop_loads(rows, |_| true),
            _ => {}
        }
        rows.push((place, row));
    }

    fn of(&self, call_id: CallId) -> impl Iterator<Item = &Row> {
        self.rows.get(&call_id).into_iter().flatten().map(|(_, row)| row)
    }
}

fn drop_loads(rows: &mut [(u64, Row)], of: impl Fn(Kind) -> bool) {
    for (_, old) in rows.iter_mut().filter(|(_, old)| of(old.kind)) {
        (old.load, old.bytes) = (None, 0);
    }
}

impl Store for ModelStore {
    fn identity(&self) -> (JournalId, Epoch) {
        (self.id, self.epoch)
    }

    fn take_rows(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    fn submit(&mut self, ticket: u64, record: Record) {
        self.waiting.push_back((ticket, record));
        if self.pace == Pace::AtOnce {
            self.sync();
        }
    }

    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)> {
        self.decided.pop_front()
    }

    fn fetch(&mut self, call_id: CallId) {
        let kept = self.disk.lock();
        let done = kept.of(call_id).find(|row| row.kind == Kind::Done);
        let record = done.filter(|row| row.load.is_some()).cloned().and_then(|row| row.record().ok());
        drop(kept);
        self.fetched.push_back((call_id, record));
    }

    fn poll_fetched(&mut self) -> Option<(CallId, Option<Record>)> {
        self.fetched.pop_front()
    }
}

impl Turns for ModelDisk {
    fn load(&self, conversation: ConversationKey) -> Result<Vec<KeptTurn>, TurnsError> {
        Ok(self.lock().turns.get(&conversation).cloned().unwrap_or_default())
    }

    fn list(&self) -> Result<Vec<ConversationHead>, TurnsError> {
        let kept = self.lock();
        let head = |(key, turns): (&ConversationKey, &Vec<KeptTurn>)| ConversationHead {
            key: *key,
            turns: turns.len() as u64,
            bytes: turns.iter().map(|turn| turn.body.get().len() as u64).sum(),
            began_ms: turns.first().map_or(0, |turn| turn.at_ms),
            last_ms: turns.last().map_or(0, |turn| turn.at_ms),
        };
        let mut heads: Vec<_> = kept.turns.iter().map(head).collect();
        heads.sort_by_key(|head| std::cmp::Reverse(head.last_ms));
        Ok(heads)
    }

    fn delete(&self, conversation: ConversationKey) -> Result<bool, TurnsError> {
        Ok(self.lock().turns.remove(&conversation).is_some())
    }

    fn forget_before(&self, at_ms: u64) {
        self.lock().turns.retain(|_, turns| turns.last().is_some_and(|last| last.at_ms >= at_ms));
    }
}

impl Archive for ModelDisk {
    fn heads(&self) -> Result<Vec<Row>, ArchiveError> {
        Ok(self.lock().in_order().iter().map(Row::without_load).collect())
    }

    fn call(&self, call_id: CallId) -> Result<Vec<Row>, ArchiveError> {
        Ok(self.lock().of(call_id).cloned().collect())
    }

    fn turns(&self, of: ConversationKey, from: u64, bytes_max: u64) -> Result<Vec<KeptTurn>, ArchiveError> {
        let mut bytes = 0;
        let kept = self.lock();
        let turns = kept.turns.get(&of).into_iter().flatten().filter(|turn| turn.seq >= from);
        let fits = |turn: &&KeptTurn| {
            let is_first = bytes == 0;
            bytes += turn.body.get().len() as u64;
            is_first || bytes <= bytes_max
        };
        Ok(turns.take_while(fits).cloned().collect())
    }
}

//! Memos in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exai_wire::Epoch;

use crate::memos::{MEMOS_MAX, Memo, MemoChange, Memos, MemosError};
use crate::model::{ModelDisk, Pace};

/// The memos of a store in memory, for any thread.
#[derive(Debug, Clone)]
pub struct ModelMemos {
    disk: ModelDisk,
    epoch: Epoch,
    pace: Pace,
    asked: Arc<Mutex<Asked>>,
}

/// What waits for the store.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) is_failing: bool,
    changes: Vec<MemoChange>,
}

impl ModelMemos {
    pub(crate) fn new(disk: ModelDisk, epoch: Epoch, pace: Pace) -> Self {
        Self { disk, epoch, pace, asked: Arc::default() }
    }

    /// No operation leaves it half changed.
    pub(crate) fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits, if it can be written.
    pub(crate) fn sync(&self) {
        let mut asked = self.asked();
        let changes = std::mem::take(&mut asked.changes);
        let mut kept = self.disk.lock();
        if asked.is_failing || kept.epoch != self.epoch.0 {
            return;
        }
        for change in changes {
            match change {
                MemoChange::Keep(name, memo) => {
                    kept.memos.insert(name.clone(), memo);
                    if kept.memos.len() > MEMOS_MAX {
                        let others = kept.memos.iter().filter(|(other, _)| **other != name);
                        let first = others.min_by_key(|(name, memo)| (memo.until_ms, *name));
                        let first = first.map(|(name, _)| name.clone());
                        first.map(|first| kept.memos.remove(&first));
                    }
                }
                MemoChange::Remove(name) => drop(kept.memos.remove(&name)),
                MemoChange::ForgetBefore(at_ms) => kept.memos.retain(|_, memo| memo.until_ms >= at_ms),
            }
        }
    }

    fn ask(&self, change: MemoChange) {
        self.asked().changes.push(change);
        if self.pace == Pace::AtOnce {
            self.sync();
        }
    }
}

impl Memos for ModelMemos {
    fn all(&self) -> Result<Vec<(String, Memo)>, MemosError> {
        Ok(self.disk.lock().memos.iter().map(|(name, memo)| (name.clone(), memo.clone())).collect())
    }

    fn put(&self, name: &str, memo: Option<Memo>) {
        self.ask(MemoChange::of_put(name, memo));
    }

    fn forget_before(&self, at_ms: u64) {
        self.ask(MemoChange::ForgetBefore(at_ms));
    }
}

//! What the provider layer remembers, as memos of the journal.

use std::sync::Arc;
use std::time::Duration;

use exai_journal::{Memo, Memos};
use exai_provider::{Memory, Remembered};

use crate::clock::{millis, wall_ms};

/// The memory of the provider layer, in a journal: on the disk, or as long as the daemon lives where there is none.
pub(crate) struct KeptMemory(Arc<dyn Memos>);

impl KeptMemory {
    /// In this journal.
    pub(crate) fn in_journal(memos: Arc<dyn Memos>) -> Self {
        Self(memos)
    }
}

impl Memory for KeptMemory {
    fn all(&self) -> Vec<(String, Remembered)> {
        let now_ms = wall_ms();
        let memos = self.0.all().unwrap_or_else(|error| {
            tracing::warn!(%error, "the providers start as if nothing were known of them");
            Vec::new()
        });
        // Written to only where there is something to remove.
        if memos.iter().any(|(_, memo)| memo.until_ms < now_ms) {
            self.0.forget_before(now_ms);
        }
        let remembered =
            |memo: Memo| Remembered { until: Duration::from_millis(memo.until_ms), body: memo.body };
        let current = memos.into_iter().filter(|(_, memo)| memo.until_ms >= now_ms);
        current.map(|(name, memo)| (name, remembered(memo))).collect()
    }

    fn put(&self, name: &str, what: Option<Remembered>) {
        self.0.put(name, what.map(|what| Memo { until_ms: millis(what.until), body: what.body }));
    }
}

#[cfg(test)]
mod tests;

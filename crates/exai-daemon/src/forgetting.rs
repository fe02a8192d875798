//! Conversations that nobody goes on with are deleted after `EXAI_CONVERSATIONS_KEEP`: at the start, and once an hour.

use std::sync::Arc;
use std::time::Duration;

use exai_journal::Turns;

use crate::clock::millis;

/// Between two rounds. The shortest that a conversation can be told to be kept is a minute, the usual is months.
const EVERY: Duration = Duration::from_secs(3600);

/// Says when.
pub(crate) struct Forgetting {
    turns: Arc<dyn Turns>,
    /// `None`: for ever.
    keep: Option<Duration>,
    next: Duration,
}

impl Forgetting {
    /// Conversations of this journal are kept so long after their last turn.
    pub(crate) fn new(turns: Arc<dyn Turns>, keep: Option<Duration>) -> Self {
        Self { turns, keep, next: Duration::ZERO }
    }

    /// The round that is due, if one is; `wall_ms` are milliseconds since 1970.
    pub(crate) fn due(&mut self, now: Duration, wall_ms: u64) -> Option<Round> {
        let keep = self.keep.filter(|_| now >= self.next)?;
        self.next = now + EVERY;
        Some(Round { turns: Arc::clone(&self.turns), before_ms: wall_ms.saturating_sub(millis(keep)) })
    }
}

/// One look at all conversations.
pub(crate) struct Round {
    turns: Arc<dyn Turns>,
    before_ms: u64,
}

impl Round {
    /// Deletes what is older. Blocks on the disk, and writes to it only where there is something to delete.
    pub(crate) fn run(self) {
        match self.turns.list() {
            Ok(heads) if heads.iter().any(|head| head.last_ms < self.before_ms) => {
                self.turns.forget_before(self.before_ms);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "old conversations are not looked for"),
        }
    }
}

#[cfg(test)]
mod tests;

//! Conversations that nobody goes on with are deleted after `EXAI_CONVERSATIONS_KEEP`: at the start, and once an hour.

use std::sync::Arc;
use std::time::Duration;

use exai_journal::Turns;

use crate::clock::millis;

/// Between two rounds. The shortest that a conversation can be told to be kept is a minute, the usual is months.
const EVERY: Duration = Duration::from_secs(3600);

/// Says when, and has it done.
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

    /// Begins a round if it is time; `wall_ms` are milliseconds since 1970. Never waits for the disk.
    pub(crate) fn tick(&mut self, now: Duration, wall_ms: u64) {
        let Some(keep) = self.keep.filter(|_| now >= self.next) else { return };
        self.next = now + EVERY;
        self.turns.forget_before(wall_ms.saturating_sub(millis(keep)));
    }
}

#[cfg(test)]
mod tests;

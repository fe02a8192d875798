//! A daemon that a shim started ends when nobody has needed it for long.

use std::time::Duration;

/// Since when nobody is there.
#[derive(Debug)]
pub(crate) struct Idle {
    limit: Option<Duration>,
    since: Option<Duration>,
}

impl Idle {
    /// `None`: it never ends for that reason.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit, since: None }
    }

    /// Whether the time is over, given how many sessions and calls there are now.
    pub(crate) fn is_over(&mut self, now: Duration, present: usize) -> bool {
        if present > 0 {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        self.limit.is_some_and(|limit| now.saturating_sub(since) >= limit)
    }
}

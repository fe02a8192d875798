//! How many requests a model takes at a time, found out by asking: one more after every twenty answers, half as many after
//! a rate limit.
//!
//! No I/O and no clock.

use std::time::Duration;

/// Answers that earn one more place.
const ANSWERS: u32 = 20;

/// Where a limit begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    /// Before the first text.
    pub(crate) untried: u32,
    /// From then on.
    pub(crate) tried: u32,
}

impl Start {
    /// At a number that somebody chose, who knows the account.
    pub(crate) const fn at(requests: u32) -> Self {
        Self { untried: requests, tried: requests }
    }
}

/// The limit of one model with one key.
#[derive(Debug)]
pub(crate) struct Limit {
    now: u32,
    /// What the first text raises it to.
    tried: Option<u32>,
    most: u32,
    answers: u32,
    cut_at: Option<Duration>,
}

impl Limit {
    /// Between 1 and `most`.
    pub(crate) fn new(start: Start, most: u32) -> Self {
        let most = most.max(1);
        Self {
            now: start.untried.clamp(1, most),
            tried: Some(start.tried.clamp(1, most)),
            most,
            answers: 0,
            cut_at: None,
        }
    }

    /// Requests at a time.
    pub(crate) fn get(&self) -> u32 {
        self.now
    }

    /// A request brings text: whoever waits need not wait for its end, which may be minutes away.
    pub(crate) fn proved(&mut self) {
        if let Some(tried) = self.tried.take() {
            self.now = self.now.max(tried);
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&mut self) {
        self.proved();
        self.answers += 1;
        if self.answers >= ANSWERS {
            self.answers = 0;
            self.now = (self.now + 1).min(self.most);
        }
    }

    /// A request that began at `began` was too many. Of those that were under way together the first counts for all: each
    /// was sent under the limit of before.
    pub(crate) fn exceeded(&mut self, began: Duration, now: Duration) {
        // What was too many untried is so tried, too.
        self.tried = None;
        if self.cut_at.is_none_or(|cut| began > cut) {
            self.now = (self.now / 2).max(1);
            self.answers = 0;
            self.cut_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests;

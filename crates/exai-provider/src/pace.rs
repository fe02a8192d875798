//! How fast a provider is asked: by requests and tokens a minute, where they are set, and by a budget of retries.
//!
//! Who waits for the rate waits in a line: otherwise small questions would pass a large one by for ever, each of them taking
//! what that one waits for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::breaker::Moment;
use crate::bucket::{Bucket, Taken};
use crate::config::ProviderConfig;
use crate::flights::millis;
use crate::memory::{Memory, Recalled, Remembered};
use crate::model::Model;
use crate::request::{self, Room};
use crate::retry_budget::RetryBudget;

/// Who is not the first in the line does not ask again sooner; it is told when the line has moved.
const APART: Duration = Duration::from_millis(100);

/// One provider's.
pub(crate) struct Pace {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Those who wait, and the tokens that each needs. As many as have a place at the provider, at most.
    line: VecDeque<(Ticket, u32)>,
    next: u64,
    memo: String,
    memory: Arc<dyn Memory>,
    /// Retries.
    pub(crate) budget: RetryBudget,
}

/// How long what went is paid for still, as it is remembered: a daemon that begins anew begins no new minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Owed {
    /// When that was, in ms since 1970.
    at_ms: u64,
    requests_ms: u64,
    tokens_ms: u64,
}

impl Owed {
    /// What is owed now; a clock that was set back makes it no longer.
    fn now(self, wall: Duration) -> (Duration, Duration) {
        let since = wall.saturating_sub(Duration::from_millis(self.at_ms));
        let left = |ms| Duration::from_millis(ms).saturating_sub(since);
        (left(self.requests_ms), left(self.tokens_ms))
    }
}

/// One that waits for the rate; given back by [`Pace::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// What a request has taken of the rate; given back by [`Pace::settled`] or [`Pace::give_back`].
#[derive(Debug)]
pub(crate) struct Request {
    one: Option<Taken>,
    tokens: Option<Taken>,
}

/// It is too early for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Early {
    /// When it may be made, as things are.
    pub(crate) at: Duration,
    /// It may not be made before this, whatever the requests under way and those before it in the line turn out to need.
    pub(crate) not_before: Duration,
}

impl Pace {
    /// By the settings, with what was remembered.
    pub(crate) fn new(
        config: &ProviderConfig,
        memory: Arc<dyn Memory>,
        recalled: &Recalled,
        at: Moment,
    ) -> Self {
        let memo = format!("rate/{}", config.name);
        let known = recalled.get(&memo).and_then(|known| serde_json::from_str::<Owed>(&known.body).ok());
        let (requests, tokens) = known.map(|owed| owed.now(at.wall)).unwrap_or_default();
        let owing = |owed| move |per_minute| Bucket::owing(per_minute, at.now, owed);
        Self {
            requests: config.requests_per_minute.map(owing(requests)),
            tokens: config.tokens_per_minute.map(owing(tokens)),
            line: VecDeque::new(),
            next: 0,
            memo,
            memory,
            budget: RetryBudget::default(),
        }
    }

    /// Gets into the line with a request of so many tokens.
    pub(crate) fn join(&mut self, tokens: u32) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.line.push_back((ticket, tokens));
        ticket
    }

    /// Takes the request; [`Pace::settled`] follows once it is known what it needed, or [`Pace::give_back`].
    ///
    /// # Errors
    /// Where it is too early, or others are before it in the line.
    pub(crate) fn take(&mut self, now: Duration, ticket: Ticket) -> Result<Request, Early> {
        let Some(place) = self.line.iter().position(|(other, _)| *other == ticket) else {
            return Ok(Request { one: None, tokens: None });
        };
        let tokens = self.line.get(place).map_or(0, |(_, tokens)| *tokens);
        let before: u64 = self.line.iter().take(place).map(|(_, tokens)| u64::from(*tokens)).sum();
        let requests = self.requests.as_ref().map(|bucket| (bucket, place as u64, 1));
        let limited = self.tokens.as_ref().map(|bucket| (bucket, before, tokens));
        let limits = || requests.iter().chain(&limited);
        let ready = |(bucket, before, cost): &(&Bucket, u64, u32)| bucket.ready_at(now, *before, *cost);
        let at = limits().map(ready).max().unwrap_or(now);
        if at > now || (place > 0 && limits().next().is_some()) {
            let not_before = self.not_before(now, place as u64, tokens);
            return Err(Early { at: if place > 0 { at.max(now + APART) } else { at }, not_before });
        }
        let one = self.requests.as_mut().map(|bucket| bucket.take(now, 1));
        Ok(Request { one, tokens: self.tokens.as_mut().map(|bucket| bucket.take(now, tokens)) })
    }

    /// When a request may be made at the earliest, behind so many others.
    fn not_before(&self, now: Duration, before: u64, tokens: u32) -> Duration {
        let requests = self.requests.as_ref().map(|bucket| bucket.ready_at(now, before, 1));
        let tokens = self.tokens.as_ref().map(|bucket| bucket.not_before(now, 0, tokens));
        requests.max(tokens).unwrap_or(now)
    }

    /// Has what went remembered. Of the tokens only those that were needed for sure: what requests under way may need at most is
    /// minutes' worth, and would hold up those very calls after a crash.
    pub(crate) fn remember(&self, at: Moment) {
        let owed = |bucket: &Option<Bucket>, is_sure| {
            bucket.as_ref().map_or(Duration::ZERO, |bucket| bucket.owed(at.now, is_sure))
        };
        if self.requests.is_none() && self.tokens.is_none() {
            return;
        }
        let (requests, tokens) = (owed(&self.requests, false), owed(&self.tokens, true));
        let [at_ms, requests_ms, tokens_ms] = [at.wall, requests, tokens].map(millis);
        let body = serde_json::to_string(&Owed { at_ms, requests_ms, tokens_ms }).unwrap_or_default();
        let until = at.wall.saturating_add(requests.max(tokens));
        self.memory.put(&self.memo, Some(Remembered { until, body }));
    }

    /// Leaves the line, whether it has taken its request or given up.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        self.line.retain(|(other, _)| *other != ticket);
    }

    /// The request was not made after all.
    pub(crate) fn give_back(&mut self, request: &Request) {
        self.settle(request, 0, 0);
    }

    /// The request was made, and needed so many tokens.
    pub(crate) fn settled(&mut self, request: &Request, tokens: u32) {
        self.settle(request, 1, tokens);
    }

    fn settle(&mut self, request: &Request, one: u32, tokens: u32) {
        let both = [(&mut self.requests, request.one, one), (&mut self.tokens, request.tokens, tokens)];
        for (bucket, taken, really) in both {
            if let (Some(bucket), Some(taken)) = (bucket, taken) {
                bucket.settle(taken, really);
            }
        }
    }
}

/// Tokens of a question of so many and of the longest answer that is asked for; what the provider counts replaces them.
pub(crate) fn tokens(prompt: u64, model: &Model, room: Room) -> u32 {
    let prompt = u32::try_from(prompt).unwrap_or(u32::MAX);
    prompt.saturating_add(request::output(model, room).unwrap_or(request::OUTPUT_DEFAULT))
}

#[cfg(test)]
mod tests;

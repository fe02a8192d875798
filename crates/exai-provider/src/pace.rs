//! How fast a provider is asked: by requests and tokens a minute, where they are set, and by a budget of retries.
//!
//! Who waits for the rate waits in a line: otherwise small questions would pass a large one by for ever, each of them taking
//! what that one waits for.

use std::collections::VecDeque;
use std::time::Duration;

use crate::bucket::Bucket;
use crate::config::ProviderConfig;
use crate::model::Model;
use crate::request::{self, Room};
use crate::retry_budget::RetryBudget;

/// Who is not the first in the line does not ask again sooner; it is told when the line has moved.
const APART: Duration = Duration::from_millis(100);

/// One provider's.
#[derive(Debug)]
pub(crate) struct Pace {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Those who wait, and the tokens that each needs. As many as have a place at the provider, at most.
    line: VecDeque<(Ticket, u32)>,
    next: u64,
    /// Tokens that requests under way were taken to need: some of them will turn out not to have been.
    estimated: u64,
    /// Retries.
    pub(crate) budget: RetryBudget,
}

/// One that waits for the rate; given back by [`Pace::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// It is too early for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Early {
    /// When it may be made, as things are.
    pub(crate) at: Duration,
    /// It may not be made before this, whatever the requests under way and those before it in the line turn out to need.
    pub(crate) not_before: Duration,
}

impl Pace {
    /// By the settings.
    pub(crate) fn new(config: &ProviderConfig) -> Self {
        Self {
            requests: config.requests_per_minute.map(Bucket::new),
            tokens: config.tokens_per_minute.map(Bucket::new),
            line: VecDeque::new(),
            next: 0,
            estimated: 0,
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

    /// Takes the request; [`Pace::settled`] follows once it is known what it needed.
    ///
    /// # Errors
    /// Where it is too early, or others are before it in the line.
    pub(crate) fn take(&mut self, now: Duration, ticket: Ticket) -> Result<(), Early> {
        let Some(place) = self.line.iter().position(|(other, _)| *other == ticket) else { return Ok(()) };
        let tokens = self.line.get(place).map_or(0, |(_, tokens)| *tokens);
        let before: u64 = self.line.iter().take(place).map(|(_, tokens)| u64::from(*tokens)).sum();
        let not_before = self.not_before(now, place as u64, tokens);
        let costs = [(&mut self.requests, place as u64, 1), (&mut self.tokens, before, tokens)];
        let ready = costs
            .iter()
            .filter_map(|(bucket, before, cost)| Some(bucket.as_ref()?.ready_at(now, *before, *cost)));
        let at = ready.max().unwrap_or(now);
        if costs.iter().any(|(bucket, ..)| bucket.is_some()) && place > 0 {
            return Err(Early { at: at.max(now + APART), not_before });
        }
        if at > now {
            return Err(Early { at, not_before });
        }
        self.estimated += u64::from(tokens);
        for (bucket, _, cost) in costs {
            if let Some(bucket) = bucket {
                bucket.take(now, cost);
            }
        }
        Ok(())
    }

    /// When a request may be made at the earliest, behind so many others.
    fn not_before(&self, now: Duration, before: u64, tokens: u32) -> Duration {
        let requests = self.requests.as_ref().map(|bucket| bucket.ready_at(now, before, 1));
        let tokens =
            self.tokens.as_ref().map(|bucket| bucket.without(self.estimated).ready_at(now, 0, tokens));
        requests.max(tokens).unwrap_or(now)
    }

    /// Leaves the line, whether it has taken its request or given up.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        self.line.retain(|(other, _)| *other != ticket);
    }

    /// The request with so many tokens was not made after all.
    pub(crate) fn give_back(&mut self, tokens: u32) {
        if let Some(bucket) = &mut self.requests {
            bucket.correct(1, 0);
        }
        self.settled(tokens, 0);
    }

    /// The request that was taken to need so many tokens needed really so many.
    pub(crate) fn settled(&mut self, tokens: u32, really: u32) {
        self.estimated = self.estimated.saturating_sub(u64::from(tokens));
        if let Some(bucket) = &mut self.tokens {
            bucket.correct(tokens, really);
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

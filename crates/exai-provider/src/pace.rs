//! How fast a provider is asked: by requests and tokens a minute, where they are set, and by a budget of retries.

use std::time::Duration;

use crate::bucket::Bucket;
use crate::config::ProviderConfig;
use crate::model::Model;
use crate::request::{self, Room};
use crate::retry_budget::RetryBudget;

/// One provider's.
#[derive(Debug)]
pub(crate) struct Pace {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Retries.
    pub(crate) budget: RetryBudget,
}

impl Pace {
    /// By the settings.
    pub(crate) fn new(config: &ProviderConfig) -> Self {
        Self {
            requests: config.requests_per_minute.map(Bucket::new),
            tokens: config.tokens_per_minute.map(Bucket::new),
            budget: RetryBudget::default(),
        }
    }

    /// Takes a request with so many tokens.
    ///
    /// # Errors
    /// The moment from which on that may succeed, where it is too early.
    pub(crate) fn take(&mut self, now: Duration, tokens: u32) -> Result<(), Duration> {
        let costs = [(&mut self.requests, 1), (&mut self.tokens, tokens)];
        let ready = costs.iter().filter_map(|(bucket, cost)| Some(bucket.as_ref()?.ready_at(now, *cost)));
        if let Some(later) = ready.max().filter(|at| *at > now) {
            return Err(later);
        }
        for (bucket, cost) in costs {
            if let Some(bucket) = bucket {
                bucket.take(now, cost);
            }
        }
        Ok(())
    }

    /// The request with so many tokens was not made after all.
    pub(crate) fn give_back(&mut self, tokens: u32) {
        if let Some(bucket) = &mut self.requests {
            bucket.correct(1, 0);
        }
        self.correct(tokens, 0);
    }

    /// It had really so many.
    pub(crate) fn correct(&mut self, tokens: u32, really: u32) {
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

//! What a call cost: what providers told of each attempt. Nothing is estimated; what is not known is not told.

use exai_provider::{AttemptReport, Usage};

/// What a call cost, as far as providers told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Tokens of questions, those of the cache among them.
    pub input: u64,
    /// Tokens of questions that came from a provider's cache.
    pub cached: u64,
    /// Tokens of answers.
    pub output: u64,
    /// In billionths of a dollar; `None` where not all of it has a price.
    pub nano_usd: Option<u64>,
    /// Whether this is all: no attempt may have cost more of which nobody told.
    pub whole: bool,
}

impl Spent {
    /// Of these attempts with this usage. `lost` is the number of attempts that earlier starts of the daemon began, of which nobody
    /// knows what they cost.
    pub(crate) fn of(usage: Usage, attempts: &[AttemptReport], lost: usize) -> Self {
        let billed = attempts.iter().filter(|attempt| attempt.billed);
        let (estimated, told): (Vec<&AttemptReport>, Vec<&AttemptReport>) =
            billed.partition(|attempt| attempt.estimated);
        // Of tokens that have no price in part, the sum has none.
        let costs: Option<Vec<u64>> = told.iter().map(|attempt| attempt.nano_usd).collect();
        Self {
            input: usage.prompt_tokens,
            cached: usage.cached_tokens,
            output: usage.completion_tokens,
            nano_usd: costs
                .filter(|costs| !costs.is_empty())
                .map(|costs| costs.iter().fold(0, |sum: u64, cost| sum.saturating_add(*cost))),
            whole: lost == 0 && estimated.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests;

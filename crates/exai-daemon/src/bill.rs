//! What a call cost: what its result tells of each attempt. Nothing is estimated; what is not known is not told.

use exai_wire::Spent;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The part of a result object that tells of tokens.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "_meta")]
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "dev.exai/route")]
    route: Route,
}

#[derive(Deserialize)]
struct Route {
    usage: Usage,
    #[serde(default)]
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    #[serde(default)]
    cached_tokens: u64,
}

#[derive(Deserialize)]
struct Attempt {
    #[serde(default)]
    billed: bool,
    #[serde(default)]
    nano_usd: Option<u64>,
    #[serde(default)]
    estimated: bool,
}

/// What a result says that its call cost; `None` where it says nothing. `before` is the number of attempts that earlier starts
/// of the daemon began, of which nobody knows what they cost.
pub(crate) fn spent(body: &RawValue, before: usize) -> Option<Spent> {
    let Told { meta: Meta { route: Route { usage, attempts } } } = serde_json::from_str(body.get()).ok()?;
    let (estimated, told): (Vec<Attempt>, Vec<Attempt>) =
        attempts.into_iter().filter(|attempt| attempt.billed).partition(|attempt| attempt.estimated);
    // Of tokens that have no price in part, the sum has none.
    let costs: Option<Vec<u64>> = told.iter().map(|attempt| attempt.nano_usd).collect();
    Some(Spent {
        input: usage.prompt_tokens,
        cached: usage.cached_tokens,
        output: usage.completion_tokens,
        nano_usd: costs
            .filter(|costs| !costs.is_empty())
            .map(|costs| costs.iter().fold(0, |sum: u64, cost| sum.saturating_add(*cost))),
        whole: before == 0 && estimated.is_empty(),
    })
}

#[cfg(test)]
mod tests;

//! What a call cost: the tokens that its result tells of, at the prices of the catalogue. Nothing is estimated; what is not
//! known is not told.

use exai_provider::Price;
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
    provider: String,
    model: String,
    #[serde(default)]
    billed: bool,
}

/// What a result says that its call cost; `None` where it says nothing. `before` is the number of attempts that earlier starts
/// of the daemon began, of which nobody knows what they cost.
pub(crate) fn spent(
    body: &RawValue,
    before: usize,
    price: impl Fn(&str, &str) -> Option<Price>,
) -> Option<Spent> {
    let Told { meta: Meta { route: Route { usage, attempts } } } = serde_json::from_str(body.get()).ok()?;
    let billed: Vec<_> = attempts.iter().filter(|attempt| attempt.billed).collect();
    // The tokens are a sum: with two models in it, it has no price.
    let asked = billed.first().filter(|first| {
        billed.iter().all(|other| (&other.provider, &other.model) == (&first.provider, &first.model))
    });
    let price = asked.and_then(|asked| price(&asked.provider, &asked.model));
    Some(Spent {
        input: usage.prompt_tokens,
        cached: usage.cached_tokens,
        output: usage.completion_tokens,
        nano_usd: price.and_then(|price| nano_usd(&usage, price)),
        whole: before == 0 && billed.len() == 1,
    })
}

/// Prices are in USD per million tokens: a token costs a thousand times as many billionths.
fn nano_usd(usage: &Usage, price: Price) -> Option<u64> {
    let fresh = usage.prompt_tokens.checked_sub(usage.cached_tokens)?;
    let cached = match (usage.cached_tokens, price.cached) {
        (0, _) => 0.0,
        (_, cached) => cached?,
    };
    let parts =
        [(fresh, price.input), (usage.cached_tokens, cached), (usage.completion_tokens, price.output)];
    let sum: f64 = parts.iter().map(|(tokens, price)| *tokens as f64 * price).sum();
    Some((sum * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests;

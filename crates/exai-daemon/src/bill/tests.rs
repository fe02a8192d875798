use exai_provider::Price;
use exai_wire::Spent;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::spent;

fn price(provider: &str, model: &str) -> Option<Price> {
    match (provider, model) {
        ("glm", "big") => Some(Price { input: 1.4, output: 4.4, cached: Some(0.26) }),
        ("glm", "plain") => Some(Price { input: 0.6, output: 2.2, cached: None }),
        _ => None,
    }
}

/// A result with this usage, and an attempt that may be billed for each of these models.
fn result(usage: Value, models: &[&str]) -> Box<RawValue> {
    let attempt =
        |model: &&str| json!({"n": 1, "provider": "glm", "model": model, "cause": "ok", "billed": true});
    let attempts: Vec<Value> = models.iter().map(attempt).collect();
    let route = json!({"usage": usage, "attempts": attempts});
    let body = json!({"content": [{"type": "text", "text": "hi"}], "_meta": {"dev.exai/route": route}});
    serde_json::value::to_raw_value(&body).unwrap()
}

fn usage(prompt: u64, cached: u64, completion: u64) -> Value {
    json!({"prompt_tokens": prompt, "cached_tokens": cached, "completion_tokens": completion,
        "reasoning_tokens": 0})
}

#[test]
fn one_request_costs_its_tokens_at_the_price_of_its_model() {
    let found = spent(&result(usage(1000, 0, 100), &["big"]), 0, price);
    let nano_usd = Some(1_400_000 + 440_000);
    assert_eq!(found, Some(Spent { input: 1000, cached: 0, output: 100, nano_usd, whole: true }));
    let cached = spent(&result(usage(1000, 500, 0), &["big"]), 0, price).unwrap();
    assert_eq!(cached.nano_usd, Some(700_000 + 130_000));
}

#[test]
fn requests_of_which_nobody_told_make_it_a_part() {
    let retried = spent(&result(usage(10, 0, 1), &["big", "big"]), 0, price).unwrap();
    assert_eq!((retried.whole, retried.nano_usd.is_some()), (false, true));
    let resumed = spent(&result(usage(10, 0, 1), &["big"]), 1, price).unwrap();
    assert_eq!((resumed.whole, resumed.nano_usd.is_some()), (false, true));
}

#[test]
fn what_is_not_known_has_no_price() {
    let cases = [
        (result(usage(10, 0, 1), &["unknown"]), "no price"),
        (result(usage(10, 0, 1), &["big", "plain"]), "two models"),
        (result(usage(10, 5, 1), &["plain"]), "no price of cached tokens"),
        (result(usage(5, 10, 1), &["big"]), "more cached than asked"),
    ];
    for (body, why) in cases {
        assert_eq!(spent(&body, 0, price).unwrap().nano_usd, None, "{why}");
    }
    assert_eq!(spent(&result(Value::Null, &["big"]), 0, price), None, "no usage");
    assert_eq!(spent(RawValue::NULL, 0, price), None);
}

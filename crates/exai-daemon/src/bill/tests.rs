use exai_wire::Spent;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::spent;

/// What is said of an attempt that may be billed.
enum Said {
    /// It cost this.
    Told(u64),
    /// It may have cost this.
    Estimated(u64),
    /// Its model has no price.
    Unpriced,
}

use Said::{Estimated, Told, Unpriced};

/// A result with this usage, and an attempt that may be billed for each of these; and one that cost nothing.
fn result(usage: Value, attempts: &[Said]) -> Box<RawValue> {
    let attempt = |said: &Said| {
        let (nano_usd, estimated) = match said {
            Told(cost) => (Some(cost), false),
            Estimated(cost) => (Some(cost), true),
            Unpriced => (None, false),
        };
        json!({"n": 1, "provider": "glm", "model": "m", "cause": "ok", "billed": true,
            "nano_usd": nano_usd, "estimated": estimated})
    };
    let mut attempts: Vec<Value> = attempts.iter().map(attempt).collect();
    attempts.push(json!({"n": 1, "provider": "kimi", "model": "k", "cause": "connect", "billed": false,
        "nano_usd": null, "estimated": false}));
    let route = json!({"usage": usage, "attempts": attempts});
    let body = json!({"content": [{"type": "text", "text": "hi"}], "_meta": {"dev.exai/route": route}});
    serde_json::value::to_raw_value(&body).unwrap()
}

fn usage() -> Value {
    json!({"prompt_tokens": 10, "cached_tokens": 4, "completion_tokens": 1, "reasoning_tokens": 0})
}

fn cost(attempts: &[Said], before: usize) -> (Option<u64>, bool) {
    let spent = spent(&result(usage(), attempts), before).unwrap();
    (spent.nano_usd, spent.whole)
}

#[test]
fn a_sum_of_absurd_costs_is_absurd_and_no_more() {
    assert_eq!(cost(&[Told(u64::MAX), Told(1)], 0), (Some(u64::MAX), true));
}

#[test]
fn a_call_costs_what_its_attempts_cost() {
    let found = spent(&result(usage(), &[Told(700)]), 0);
    assert_eq!(found, Some(Spent { input: 10, cached: 4, output: 1, nano_usd: Some(700), whole: true }));
    assert_eq!(cost(&[Told(700), Told(50)], 0), (Some(750), true), "whichever models they were");
}

#[test]
fn attempts_of_which_nobody_told_make_it_a_part() {
    assert_eq!(cost(&[Told(700), Estimated(50)], 0), (Some(700), false));
    assert_eq!(cost(&[Told(700)], 1), (Some(700), false), "an earlier start made one more");
}

#[test]
fn what_is_not_known_is_not_told() {
    assert_eq!(cost(&[Unpriced], 0), (None, true), "its tokens are");
    assert_eq!(cost(&[Told(700), Unpriced], 0), (None, true));
    assert_eq!(cost(&[Estimated(9)], 0), (None, false));
    assert_eq!(spent(&result(Value::Null, &[Told(1)]), 0), None, "no usage");
    assert_eq!(spent(RawValue::NULL, 0), None);
}

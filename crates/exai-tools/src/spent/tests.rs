use exai_provider::{AttemptReport, Usage};

use super::Spent;

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

const USAGE: Usage = Usage { prompt_tokens: 10, cached_tokens: 4, completion_tokens: 1, reasoning_tokens: 0 };

/// Of an attempt that may be billed for each of these, and one that cost nothing.
fn spent(attempts: &[Said], lost: usize) -> Spent {
    let attempt = |billed, (nano_usd, estimated)| AttemptReport {
        n: 1,
        provider: "glm".to_owned(),
        model: "m".to_owned(),
        cause: "ok",
        detail: String::new(),
        until_ms: None,
        left_ms: None,
        ms: 1,
        billed,
        nano_usd,
        estimated,
    };
    let mut all: Vec<AttemptReport> = attempts
        .iter()
        .map(|said| match said {
            Told(cost) => (Some(*cost), false),
            Estimated(cost) => (Some(*cost), true),
            Unpriced => (None, false),
        })
        .map(|cost| attempt(true, cost))
        .collect();
    all.push(attempt(false, (None, false)));
    Spent::of(USAGE, &all, lost)
}

fn cost(attempts: &[Said], lost: usize) -> (Option<u64>, bool) {
    let Spent { nano_usd, whole, .. } = spent(attempts, lost);
    (nano_usd, whole)
}

#[test]
fn a_sum_of_absurd_costs_is_absurd_and_no_more() {
    assert_eq!(cost(&[Told(u64::MAX), Told(1)], 0), (Some(u64::MAX), true));
}

#[test]
fn a_call_costs_what_its_attempts_cost() {
    let found = spent(&[Told(700)], 0);
    assert_eq!(found, Spent { input: 10, cached: 4, output: 1, nano_usd: Some(700), whole: true });
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
}

//! Attempts that were lost with earlier starts of the daemon, in words: they are what a call may have cost beside those that
//! this start knows of.

use exai_provider::{Before, Fate};
use serde_json::{Value, json};

/// One of them in the list of attempts.
pub(crate) fn told(before: &Before) -> String {
    let n = before.n;
    match (name(before), before.fate) {
        (Some(name), Fate::Cut) => format!("#{n} {name} cut by a restart"),
        (Some(name), Fate::Lost) => format!("#{n} {name} lost when the daemon ended"),
        (Some(name), Fate::Left) => format!("#{n} {name} broken off when nobody waited"),
        (Some(name), Fate::Failed) => format!("#{n} {name} failed"),
        (None, _) => format!("#{n} lost when the daemon ended, if it had begun"),
    }
}

/// All of them before a failure, with a blank behind; empty where there are none.
pub(crate) fn sentence(before: &[Before]) -> String {
    let names: Vec<String> = before.iter().filter_map(name).collect();
    let whom = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let all = |fate| before.iter().all(|before| before.fate == fate);
    let what = match before.first() {
        Some(first) if !all(first.fate) => "made before the daemon ended or was restarted",
        Some(Before { fate: Fate::Cut, .. }) => "cut by a restart of the daemon",
        Some(Before { fate: Fate::Left, .. }) => "broken off when nobody waited for it",
        Some(Before { fate: Fate::Failed, .. }) => "made before the daemon ended, and had failed",
        Some(Before { fate: Fate::Lost, .. }) | None => "lost when the daemon ended",
    };
    match before.len() {
        0 => String::new(),
        1 => format!("An attempt of this call{whom} was {what}, and may have been billed. "),
        lost => {
            format!("{lost} attempts of this call{whom} were {what}; up to {lost} may have been billed. ")
        }
    }
}

/// The same for programs.
pub(crate) fn facts(before: &[Before]) -> Value {
    let fact = |before: &Before| {
        let Before { n, provider, model, fate } = before;
        json!({ "n": n, "provider": provider, "model": model, "cut": *fate == Fate::Cut })
    };
    before.iter().map(fact).collect()
}

/// Whom it went to, where the journal knows.
fn name(before: &Before) -> Option<String> {
    let Before { provider, model, .. } = before;
    (!model.is_empty()).then(|| format!("{model} ({provider})"))
}

#[cfg(test)]
mod tests;

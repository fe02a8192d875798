//! The list of calls.

use serde_json::Value;

use super::table::table;
use super::words::{NONE, age, bytes, cost, items, now_ms, number, state, text};

/// Digits of a key that are shown: enough to tell a million calls apart.
const DIGITS: usize = 12;

/// The list for people. Reads it as JSON, so that a daemon of another release can be asked: what it does not tell is left out.
pub(crate) fn list(told: &Value) -> String {
    let now = now_ms();
    let lines: Vec<_> = items(told, "calls").map(|call| line(call, now)).collect();
    if lines.is_empty() {
        return "no calls\n".to_owned();
    }
    let head = ["key", "age", "state", "tool", "model", "attempts", "outcome", "size", "cost"];
    let mut page = table(head, &lines);
    if let Some(left_out @ 1..) = number(told, "left_out") {
        page.push_str(&format!("and {left_out} older ones\n"));
    }
    page
}

fn line(call: &Value, now: u64) -> [String; 9] {
    let or_none = |text: Option<&str>| text.unwrap_or(NONE).to_owned();
    let model = match (text(call, "provider"), text(call, "model")) {
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        _ => NONE.to_owned(),
    };
    let size = number(call, "bytes").filter(|size| *size > 0).map(bytes);
    [
        text(call, "key").unwrap_or_default().chars().take(DIGITS).collect(),
        age(now, number(call, "asked_ms")),
        or_none(state(call)),
        or_none(text(call, "tool")),
        model,
        number(call, "attempts").unwrap_or_default().to_string(),
        or_none(text(call, "outcome")),
        size.unwrap_or_else(|| NONE.to_owned()),
        call.get("spent").map_or_else(|| NONE.to_owned(), cost),
    ]
}

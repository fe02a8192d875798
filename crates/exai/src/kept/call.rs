//! All that is known of a call.

use std::fmt::Write as _;

use exai_provider::span_ms;
use serde_json::Value;

use super::words::{self, age, bytes, cost, items, now_ms, number, text};
use crate::call::dialogue::text_of;
use crate::lines::Lines;

/// The sheet for people: lines with a label each, and after them the answer, as long as it is kept.
pub(crate) fn sheet(told: &Value) -> String {
    let call = told.get("call").unwrap_or(&Value::Null);
    let now = now_ms();
    let mut lines = Lines::default();
    lines.add("call", text(call, "key").unwrap_or("?"));
    lines.add("state", &state(call));
    let class = text(call, "class").unwrap_or("?");
    lines.add("tool", &format!("{} ({class})", text(call, "tool").unwrap_or("none")));
    if let Some(asked) = number(call, "asked_ms") {
        lines.add("asked", &format!("{} ago", age(now, Some(asked))));
    }
    if let Some(left) = number(told, "left_ms") {
        lines.add("deadline", &format!("in {}", span_ms(left)));
    }
    lines.ended(call, now);
    items(told, "attempts").for_each(|attempt| lines.attempt(attempt, now));
    if let Some(had_come) = number(told, "partial_bytes") {
        lines.add("text", &format!("{} kept of what has come so far", bytes(had_come)));
    }
    lines.spent(call.get("spent").unwrap_or(&Value::Null));
    if let Some(result) = told.get("result").filter(|result| !result.is_null()) {
        let _ = write!(lines.text, "\n{}", text_of(result));
    }
    lines.text
}

impl Lines {
    fn ended(&mut self, call: &Value, now: u64) {
        let (Some(at), Some(outcome)) = (number(call, "ended_ms"), text(call, "outcome")) else { return };
        let size = bytes(number(call, "bytes").unwrap_or_default());
        self.add("ended", &format!("{} ago: {}, {size}", age(now, Some(at)), outcome.replace('_', " ")));
    }

    fn attempt(&mut self, attempt: &Value, now: u64) {
        let name = |name| text(attempt, name).unwrap_or("?");
        let mut told = format!(
            "#{} {} ({}), {} ago",
            number(attempt, "n").unwrap_or_default(),
            name("model"),
            name("provider"),
            age(now, number(attempt, "at_ms"))
        );
        if let Some(continues @ 1..) = number(attempt, "continues") {
            let _ = write!(told, ", went on from {} of text", bytes(continues));
        }
        if attempt.get("cut").and_then(Value::as_bool) == Some(true) {
            told.push_str(", cut when the daemon was stopped");
        }
        self.add("attempt", &told);
    }

    fn spent(&mut self, spent: &Value) {
        let (Some(input), Some(output)) = (number(spent, "input_tokens"), number(spent, "output_tokens"))
        else {
            return;
        };
        let cached = number(spent, "cached_tokens").filter(|cached| *cached > 0);
        let cached = cached.map(|cached| format!(" ({cached} of them cached)")).unwrap_or_default();
        self.add("tokens", &format!("{input} in{cached}, {output} out"));
        self.add("cost", &cost(spent));
    }
}

/// Where it stands, in words.
fn state(call: &Value) -> String {
    let state = words::state(call).unwrap_or("?");
    let is = |name: &str| call.get(name).and_then(Value::as_bool) == Some(true);
    let meaning = match state {
        "accepting" => "on its way to the journal",
        "parked" => "runs on when its host comes back, or the same is asked",
        "running" => "a model is asked, or will be as soon as there is a place",
        "following" => "gets the answer of the same question that was asked before",
        "ending" => "its end is on its way to the journal",
        "cancelled" => "its host took it back, and is told nothing",
        "kept" if is("adopted") => "another call has taken over its answer",
        "kept" => "nobody has fetched the answer yet",
        "delivered" => "its host has the answer",
        "buried" => "only its id is left, so that it does not run again",
        _ => "",
    };
    let mut told = format!("{state}: {meaning}");
    if let Some(waiters @ 1..) = number(call, "waiters") {
        let _ = write!(told, "; hosts that wait: {waiters}");
    }
    if is("detached") {
        told.push_str("; its host was told how to fetch it");
    }
    told
}

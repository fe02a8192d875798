//! Sizes, ages, moments and costs as people read them.

use std::time::{SystemTime, UNIX_EPOCH};

use exai_provider::span_ms;
use serde_json::Value;

/// Stands for what is not known or not there.
pub(super) const NONE: &str = "-";

/// Wall time in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// How long ago a moment was.
pub(super) fn age(now_ms: u64, at: Option<u64>) -> String {
    at.map_or_else(|| NONE.to_owned(), |at| span_ms(now_ms.saturating_sub(at)))
}

/// A size with its unit.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// What a call cost, of the `spent` that is told of it.
pub(super) fn cost(spent: &Value) -> String {
    let Some(usd) = spent.get("usd").and_then(Value::as_f64) else { return NONE.to_owned() };
    let is_all = spent.get("whole").and_then(Value::as_bool) == Some(true);
    let at_least = if is_all { "" } else { ">= " };
    match usd {
        0.0 => format!("{at_least}$0"),
        0.0..0.0001 if is_all => "< $0.0001".to_owned(),
        _ => format!("{at_least}${usd:.4}"),
    }
}

/// A moment as UTC, to the second.
pub(super) fn utc(at_ms: u64) -> String {
    let seconds = at_ms / 1000;
    let (mut day, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let february = if days_of(year) == 366 { 29 } else { 28 };
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", day + 1)
}

fn days_of(year: u64) -> u64 {
    let leaps = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leaps { 366 } else { 365 }
}

/// A number of a JSON object.
pub(super) fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_u64)
}

/// A text of a JSON object; none if it is empty.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Where a call stands. One that its host took back is over and was delivered to nobody, whatever its state is called.
pub(super) fn state(call: &Value) -> Option<&str> {
    let state = text(call, "state")?;
    let is_taken_back = text(call, "outcome") == Some("cancelled") && matches!(state, "kept" | "delivered");
    Some(if is_taken_back { "cancelled" } else { state })
}

/// The array of that name.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

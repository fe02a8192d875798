//! Durations as people write them.

use std::time::Duration;

/// Milliseconds in each unit. A number alone means seconds, as in every setting of the predecessor.
const UNITS: [(&str, u64); 5] = [("", 1_000), ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Reads `30`, `30s`, `1.5s`, `5m`, `2h`, `500ms`. What is finer than a millisecond is cut off. `None`: not a duration, or
/// longer than can be counted.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim_start();
    let (_, scale) = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 6 {
        return None;
    }
    let denominator = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<u64>().ok()?.checked_mul(*scale)?.checked_div(denominator)?;
    let millis = whole.parse::<u64>().ok()?.checked_mul(*scale)?.checked_add(part)?;
    Some(Duration::from_millis(millis))
}

/// Writes whole seconds as `30s`, everything else as `1500ms`.
pub(crate) fn write(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}

#[cfg(test)]
mod tests;

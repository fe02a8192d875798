//! How long a provider asks us to stay away. No wall clock is read: a date is measured against the answer's own
//! `date`.

use std::time::Duration;

use crate::transport::Response;

/// The wait that the head of an answer asks for.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    if let Some(ms) = response.header("retry-after-ms").and_then(|text| text.trim().parse().ok()) {
        return Some(Duration::from_millis(ms));
    }
    let text = response.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = unix_seconds(text)?;
    let now = unix_seconds(response.header("date")?)?;
    Some(Duration::from_secs(until.saturating_sub(now)))
}

/// Seconds since 1970 of a date like `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that senders may use.
fn unix_seconds(text: &str) -> Option<u64> {
    let mut words = text.trim().split_ascii_whitespace().skip(1);
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':');
    let mut part = || clock.next()?.parse::<u64>().ok();
    let (hour, minute, second) = (part()?, part()?, part()?);
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days before the month, and the leap days up to the end of the last year.
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before = DAYS_BEFORE.get(month)? + u64::from(leap && month > 1);
    let last = year - 1;
    let leap_days = (last / 4 - last / 100 + last / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let days = (year - 1970) * 365 + leap_days + before + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

#[cfg(test)]
mod tests;

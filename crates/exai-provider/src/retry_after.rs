//! How long a provider asks us to stay away. A date is measured against the answer's own `date`, else against our wall
//! clock.

use std::time::Duration;

use crate::calendar::Date;
use crate::transport::Response;

/// What stands before the number of seconds in a sentence, lower case.
const MARKS: &[&str] = &["again after ", "again in ", "retry after ", "retry in "];

/// A limit's reset above this is a moment since 1970, not a wait: in seconds, or in milliseconds.
const EPOCH_S: f64 = 1e9;
const EPOCH_MS: f64 = 1e12;

/// Longest wait that is read out of a number: beyond it lies no call's deadline, and moments far beyond it can't be counted.
const LONGEST_S: f64 = 1e8;

/// The wait that the head of an answer asks for; `wall` since 1970. Longer ones than [`LONGEST_S`] are cut to that.
pub(crate) fn retry_after(response: &Response, wall: Duration) -> Option<Duration> {
    let number = |name: &str| response.header(name)?.trim().parse::<f64>().ok();
    if let Some(wait) = number("retry-after-ms").and_then(|ms| at_most_longest(ms / 1000.0)) {
        return Some(wait);
    }
    if let Some(wait) = number("retry-after").and_then(at_most_longest) {
        return Some(wait);
    }
    let until = unix_seconds(response.header("retry-after")?)?;
    at_most_longest((until as f64 - there(response, wall)).max(0.0))
}

/// The wait until a rate limit is reset, by the head of an answer. Many send this with every answer: it is a wish only
/// where the limit was reached.
pub(crate) fn limit_reset(response: &Response, wall: Duration) -> Option<Duration> {
    let number: f64 = response.header("x-ratelimit-reset")?.trim().parse().ok()?;
    seconds(match number {
        ms if ms >= EPOCH_MS => ms / 1000.0 - there(response, wall),
        s if s >= EPOCH_S => s - there(response, wall),
        wait => wait,
    })
}

/// The time at the provider's, in seconds since 1970: by its own word, else by our clock.
fn there(response: &Response, wall: Duration) -> f64 {
    let date = response.header("date").and_then(unix_seconds);
    date.map_or(wall.as_secs_f64(), |seconds| seconds as f64)
}

/// The wait that a sentence asks for: `please try again after 1 seconds`, `try again in 1.5s`.
pub(crate) fn asked_in_words(sentence: &str) -> Option<Duration> {
    let sentence = sentence.to_lowercase();
    let rest = MARKS.iter().find_map(|mark| sentence.split_once(mark).map(|(_, rest)| rest))?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, unit) = rest.split_at_checked(end)?;
    let number: f64 = number.trim_end_matches('.').parse().ok()?;
    let unit: String = unit.trim_start().chars().take_while(|c| c.is_alphabetic()).collect();
    seconds(match unit.as_str() {
        "ms" | "milliseconds" => number / 1000.0,
        "s" | "sec" | "secs" | "second" | "seconds" => number,
        "m" | "min" | "minute" | "minutes" => number * 60.0,
        _ => return None,
    })
}

/// A wait that is told in so many words, however absurd.
fn at_most_longest(number: f64) -> Option<Duration> {
    if number.is_finite() { seconds(number.min(LONGEST_S)) } else { None }
}

fn seconds(number: f64) -> Option<Duration> {
    (0.0..=LONGEST_S).contains(&number).then(|| Duration::from_secs_f64(number))
}

/// Seconds since 1970 of a date like `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that senders may use.
fn unix_seconds(text: &str) -> Option<u64> {
    let mut words = text.trim().split_ascii_whitespace().skip(1);
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':');
    let mut part = || clock.next()?.parse::<u64>().ok();
    let (hour, minute, second) = (part()?, part()?, part()?);
    Date { year, month, day, hour, minute, second }.unix_seconds()
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests;

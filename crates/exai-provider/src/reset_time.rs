//! The moment until which a quota is used up, out of the provider's sentence about it.

use std::time::Duration;

use crate::calendar::Date;

/// What stands before the moment, lower case.
const MARKS: &[&str] = &["reset at", "resets at", "将在", "将于"];

/// No quota is counted over more than a month; what lies further off is no reset time.
pub(crate) const LONGEST: Duration = Duration::from_secs(32 * 24 * 60 * 60);

/// The moment since 1970 that a sentence names as `2026-08-27 21:31:39`, on a clock so many hours east of Greenwich.
/// `None` where there is none, or where it has passed at `wall` or is too far off to be one.
pub(crate) fn reset_time(sentence: &str, hours_east: u64, wall: Duration) -> Option<Duration> {
    let sentence = sentence.to_lowercase();
    let stamp = MARKS.iter().find_map(|mark| sentence.split_once(mark).map(|(_, rest)| rest.trim_start()))?;
    let is_part = |c: &char| c.is_ascii_digit() || matches!(c, '-' | '/' | ':' | ' ' | 't');
    let stamp: String = stamp.chars().take_while(is_part).collect();
    let mut numbers = stamp.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut number = || numbers.next()?.parse::<u64>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    let (hour, minute, second) = (number()?, number()?, number().unwrap_or(0));
    let there = Date { year, month, day, hour, minute, second }.unix_seconds()?;
    let until = Duration::from_secs(there.checked_sub(hours_east * 3600)?);
    (until > wall && until - wall <= LONGEST).then_some(until)
}

/// A moment since 1970 as people read it, on a clock so many hours east of Greenwich.
pub(crate) fn told(until: Duration, hours_east: u64) -> String {
    let Date { year, month, day, hour, minute, .. } =
        Date::of_unix_seconds(until.as_secs() + hours_east * 3600);
    let zone = if hours_east == 0 { "UTC".to_owned() } else { format!("UTC+{hours_east}") };
    format!("{hour:02}:{minute:02} {zone} on {year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;

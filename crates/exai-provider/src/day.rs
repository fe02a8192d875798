//! A day of the calendar, or a month where no more is known.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// `2026-05-25`, or `2026-12` where the day is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Day {
    year: u16,
    month: u8,
    /// From 1.
    day: Option<u8>,
}

/// Not a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no day: write it as 2026-12-31, or as 2026-12")]
pub struct NoDay(String);

impl Day {
    /// With the preposition that goes before it: `on 2026-05-25`, `in 2026-12`.
    pub fn when(self) -> String {
        let preposition = if self.day.is_some() { "on" } else { "in" };
        format!("{preposition} {self}")
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = number(parts.next()?, 4)?;
        let month = number(parts.next()?, 2).and_then(|month| u8::try_from(month).ok())?;
        let day = parts.next().map(|day| number(day, 2).and_then(|day| u8::try_from(day).ok()));
        let day = match day {
            Some(day) => Some(day.filter(|day| (1..=31).contains(day))?),
            None => None,
        };
        ((1..=12).contains(&month) && parts.next().is_none()).then_some(Self { year, month, day })
    }
}

fn number(text: &str, digits: usize) -> Option<u16> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

impl TryFrom<String> for Day {
    type Error = NoDay;

    fn try_from(text: String) -> Result<Self, NoDay> {
        Self::read(&text).ok_or(NoDay(text))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)?;
        self.day.map_or(Ok(()), |day| write!(f, "-{day:02}"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;

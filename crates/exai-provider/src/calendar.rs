//! Dates of the calendar, and seconds since 1970. No zones but Greenwich's.

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// A day of the calendar and a time of that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u64,
    /// From 1.
    pub(crate) month: u64,
    /// From 1.
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
}

impl Date {
    /// Seconds since 1970; `None` for numbers that are no date of 1970 to 9999.
    pub(crate) fn unix_seconds(self) -> Option<u64> {
        let Self { year, month, day, hour, minute, second } = self;
        if !(1970..=9999).contains(&year)
            || !(1..=31).contains(&day)
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        let month = usize::try_from(month.checked_sub(1)?).ok()?;
        let before = DAYS_BEFORE.get(month)? + u64::from(is_leap(year) && month > 1);
        let days = days_before_year(year) + before + day - 1;
        Some(((days * 24 + hour) * 60 + minute) * 60 + second)
    }

    /// The moment so many seconds after 1970 began.
    pub(crate) fn of_unix_seconds(seconds: u64) -> Self {
        let (days, rest) = (seconds / DAY, seconds % DAY);
        // Near enough from below; at most a few steps are left.
        let mut year = 1970 + days / 366;
        while days_before_year(year + 1) <= days {
            year += 1;
        }
        let day_of_year = days - days_before_year(year);
        let begins = |month: u64| {
            let before = usize::try_from(month - 1).ok().and_then(|index| DAYS_BEFORE.get(index));
            before.map(|before| before + u64::from(is_leap(year) && month > 2))
        };
        let month = (1..=12)
            .rev()
            .find(|month| begins(*month).is_some_and(|begins| begins <= day_of_year))
            .unwrap_or(1);
        Self {
            year,
            month,
            day: day_of_year - begins(month).unwrap_or_default() + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Days from 1970 to the first of the year.
fn days_before_year(year: u64) -> u64 {
    let leap_days = |last: u64| last / 4 - last / 100 + last / 400;
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)
}

#[cfg(test)]
mod tests;

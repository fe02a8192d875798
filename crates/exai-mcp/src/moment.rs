//! Moments as the protocol writes them: ISO 8601, UTC.

/// Last millisecond of the year 9999, the last that has four digits.
pub(crate) const LAST_MS: u64 = 253_402_300_799_999;

const DAY_MS: u64 = 86_400_000;

/// Milliseconds since the beginning of 1970 as text; what is later than [`LAST_MS`] counts as that.
pub(crate) fn iso8601(ms: u64) -> String {
    let ms = ms.min(LAST_MS);
    let (mut day, in_day) = (ms / DAY_MS, ms % DAY_MS);
    let mut year = 1970;
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let mut month = 1;
    for days in months_of(year) {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let (day, seconds, ms) = (day + 1, in_day / 1000, in_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn months_of(year: u64) -> [u64; 12] {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

#[cfg(test)]
mod tests;

//! Amounts of money as people write them.

/// Billionths in one.
const ONE: u64 = 1_000_000_000;

/// Digits behind the point.
const DIGITS: usize = 9;

/// Reads `5`, `0.5`, `12.50`, in billionths. `None`: no amount, finer than a billionth, or more than can be counted.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > DIGITS {
        return None;
    }
    let part: u64 = format!("{fraction:0<DIGITS$}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(ONE)?.checked_add(part)
}

/// Writes billionths with as many digits behind the point as they need.
pub(crate) fn write(amount: u64) -> String {
    let text = format!("{}.{:0DIGITS$}", amount / ONE, amount % ONE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;

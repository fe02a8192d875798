//! Spans of time as people read them: one unit, as much detail as they want.

use std::time::Duration;

/// How long something took, or is ago: `340 ms`, `5.0 s`, `61 s`, `12 min`, `5 h`, `4 days`. Rounded down.
pub fn span(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.subsec_millis()),
        seconds @ 1..10 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        seconds => in_units(seconds, |seconds, unit| seconds / unit),
    }
}

/// The same for whole milliseconds.
pub fn span_ms(milliseconds: u64) -> String {
    span(Duration::from_millis(milliseconds))
}

/// A time to wait, in whole seconds at least. Rounded up, so that what is told has passed when it is over.
pub(crate) fn wait(wait: Duration) -> String {
    in_units(wait.as_secs() + u64::from(wait.subsec_nanos() > 0), u64::div_ceil)
}

fn in_units(seconds: u64, divided: impl Fn(u64, u64) -> u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", divided(seconds, 60)),
        7200..172_800 => format!("{} h", divided(seconds, 3600)),
        _ => format!("{} days", divided(seconds, 86_400)),
    }
}

#[cfg(test)]
mod tests;

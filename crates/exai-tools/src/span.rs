//! Durations as people read them.

use std::time::Duration;

/// Two units at most: `340 ms`, `12.3 s`, `2 min 5 s`, `3 h 12 min`, `4 d 1 h`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.subsec_millis()),
        1..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// The same for whole milliseconds.
pub(crate) fn span_ms(milliseconds: u64) -> String {
    span(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests;

//! Looking again and again at something that can't wake its watcher: another process, its files, its port.

use std::time::{Duration, Instant};

/// Time between two looks: below what any test measures, above what would load the machine.
const STEP: Duration = Duration::from_millis(2);

/// Looks until something is found; `None` after `timeout`.
pub fn poll<T>(timeout: Duration, look: impl FnMut() -> Option<T>) -> Option<T> {
    poll_every(STEP, timeout, look)
}

/// As [`poll`], with this time between two looks.
pub(crate) fn poll_every<T>(
    step: Duration,
    timeout: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if start.elapsed() >= timeout {
            return None;
        }
        pace(step);
    }
}

/// Lets time pass where the passing itself is meant.
#[expect(
    clippy::disallowed_methods,
    reason = "another process can't wake this thread, and some scripts are made of time"
)]
pub fn pace(length: Duration) {
    std::thread::sleep(length);
}

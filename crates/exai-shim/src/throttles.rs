//! How many lines of a reconnection the log has room for.

use std::time::Duration;

use exai_session::Throttle;

/// Lines of a kind in each window.
const LINES: u32 = 5;

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(30);

/// One for each kind of line.
#[derive(Debug)]
pub(crate) struct Throttles {
    pub(crate) lost: Throttle,
    pub(crate) dialling: Throttle,
    pub(crate) resumed: Throttle,
    pub(crate) rejected: Throttle,
}

impl Throttles {
    pub(crate) fn new() -> Self {
        let new = || Throttle::new(LINES, WINDOW);
        Self { lost: new(), dialling: new(), resumed: new(), rejected: new() }
    }
}

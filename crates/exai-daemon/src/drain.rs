//! The times of an orderly end.

use std::time::Duration;

use exai_session::DrainPlan;

/// From the cut of provider streams until effects, which can't be cut, are given up.
const EFFECTS: Duration = Duration::from_millis(500);

/// From the cut of provider streams until connections are closed. With the default grace of 8 s the process is gone
/// 9 s after its signal, the last frames included; Docker kills at 10 s.
const CLOSE: Duration = Duration::from_millis(600);

/// Earliest sensible dial after the close: a successor listens within some 50 ms of its start.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Over which time the shims spread their dials: a thousand come four to the millisecond.
const SPREAD: Duration = Duration::from_millis(250);

/// Time for the last HTTP answers to be written, at the very end.
pub(crate) const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// The plan for a grace: how long calls in flight may go on.
pub(crate) fn plan(grace: Duration) -> DrainPlan {
    DrainPlan {
        finish: grace,
        effects: grace + EFFECTS,
        close: grace + CLOSE,
        retry_after: RETRY_AFTER,
        spread: SPREAD,
    }
}

//! The loop's one timer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use crate::clock::Clock;

/// Rings at the earliest moment that anybody waits for.
///
/// It is set anew only when that moment comes nearer; when it moves away, the alarm rings once in vain and is set
/// then. Most moments move away all the time (heartbeats), and setting costs more than looking.
#[derive(Debug)]
pub(crate) struct Alarm {
    clock: Clock,
    sleep: Pin<Box<Sleep>>,
    set: Option<Duration>,
}

impl Alarm {
    /// An alarm that is not set.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, sleep: Box::pin(tokio::time::sleep(Duration::MAX)), set: None }
    }

    /// Ready once `due` has come.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, due: Option<Duration>) -> Poll<()> {
        let Some(due) = due else { return Poll::Pending };
        loop {
            if due <= self.clock.now() {
                return Poll::Ready(());
            }
            if self.set.is_none_or(|set| set > due) {
                self.sleep.as_mut().reset(self.clock.instant(due));
                self.set = Some(due);
            }
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.set = None;
        }
    }
}

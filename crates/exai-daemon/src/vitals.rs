//! How the work runtime is doing, measured from the io thread. Pure: samples in, verdict out.
//!
//! A measurement that comes late itself (the process was stopped, the machine slept) accuses nobody: the clocks
//! start anew from it.

use std::time::Duration;

use exai_session::Vitals;

use crate::work::PULSE;

/// Lag from which on the daemon calls itself stalled, and a thread stuck.
const STALLED: Duration = Duration::from_secs(5);

/// A measurement that comes so long after the one before is late: twice the beat of the hub.
const LATE: Duration = Duration::from_secs(1);

/// The measurements so far.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    last: Duration,
    /// No lag is counted from before this moment.
    floor: Duration,
    threads: Vec<Thread>,
}

/// What a thread of a runtime has counted so far. One whose counts stand still while it does not sleep is inside one piece
/// of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ThreadCounts {
    /// How long it was busy.
    pub(crate) busy: Duration,
    /// How often it went to sleep, and was woken: odd while it sleeps.
    pub(crate) parks: u64,
}

impl ThreadCounts {
    pub(crate) const fn is_asleep(self) -> bool {
        self.parks % 2 == 1
    }
}

#[derive(Debug, Clone, Copy)]
struct Thread {
    counts: ThreadCounts,
    since: Duration,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// For the sessions.
    pub(crate) vitals: Vitals,
    /// Threads that have been in one piece of code for more than 5 s.
    pub(crate) workers_stuck: usize,
}

impl Gauge {
    /// Takes a measurement at `now`: when the work runtime last beat, and what each thread on which calls run has counted.
    pub(crate) fn measure(&mut self, now: Duration, beat: Duration, samples: &[ThreadCounts]) -> Reading {
        if now.saturating_sub(self.last) > LATE {
            self.floor = now;
        }
        self.last = now;
        let lag = now.saturating_sub(beat.max(self.floor)).saturating_sub(PULSE);
        let lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
        let workers_stuck = self.stuck(now, samples);
        Reading { vitals: Vitals { stalled: lag > STALLED, lag_ms }, workers_stuck }
    }

    fn stuck(&mut self, now: Duration, samples: &[ThreadCounts]) -> usize {
        self.threads.resize(samples.len(), Thread { counts: ThreadCounts::default(), since: now });
        for (thread, counts) in self.threads.iter_mut().zip(samples) {
            if counts.is_asleep() || thread.counts != *counts {
                *thread = Thread { counts: *counts, since: now };
            }
            thread.since = thread.since.max(self.floor);
        }
        self.threads.iter().filter(|thread| now.saturating_sub(thread.since) > STALLED).count()
    }
}

#[cfg(test)]
mod tests;

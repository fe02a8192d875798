//! A plain thread that watches all runtimes and aborts the process if one is stuck for good, so that whoever
//! supervises it starts a new one; calls survive that.
//!
//! It counts its own punctual ticks instead of reading a clock: a process that was stopped, or a machine that
//! slept, makes the watchdog's own tick late, and a late tick starts every count anew. A thawed process is not a
//! stuck one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::vitals::ThreadCounts;
use crate::work::Pulse;

/// The watchdog's own beat.
const TICK: Duration = Duration::from_secs(1);

/// A tick that comes this much after its moment is late. Half a beat: a busy machine delays a thread by
/// milliseconds, a stop or a sleep by seconds.
const LATE: Duration = Duration::from_millis(500);

/// Punctual ticks without progress of the io thread before the abort.
const IO_TICKS_MAX: u32 = 10;

/// Punctual ticks without any progress of the work runtime before the abort: busy is never dead, so only a runtime
/// that runs nothing at all for two minutes counts.
const WORK_TICKS_MAX: u32 = 120;

/// Punctual ticks that a lane may spend in one piece of code before the abort: its calls can't even be broken
/// off meanwhile. As patient as with the work runtime.
const LANE_TICKS_MAX: u32 = WORK_TICKS_MAX;

/// Time for the log to reach its file before the abort.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What the io loop and the work runtime turn as they go on.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    io: AtomicU64,
    work: AtomicU64,
}

impl Progress {
    /// The io loop went round.
    pub(crate) fn io(&self) {
        self.io.fetch_add(1, Ordering::Relaxed);
    }

    /// The work runtime did something.
    pub(crate) fn work(&self) {
        self.work.fetch_add(1, Ordering::Relaxed);
    }
}

/// How a tick of the watchdog itself came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tick {
    Punctual,
    Late,
}

/// What a tick leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    IoStuck,
    WorkStuck,
    LaneStuck,
}

/// The counts.
#[derive(Debug, Default)]
struct Watch {
    io: Count<u64>,
    work: Count<u64>,
    lanes: Vec<Count<ThreadCounts>>,
}

#[derive(Debug, Default, Clone)]
struct Count<T> {
    seen: T,
    missed: u32,
}

impl<T: PartialEq> Count<T> {
    fn tick(&mut self, tick: Tick, progress: T) -> u32 {
        let moved = progress != self.seen;
        self.seen = progress;
        self.missed = if moved || tick == Tick::Late { 0 } else { self.missed.saturating_add(1) };
        self.missed
    }
}

impl Watch {
    fn tick(&mut self, tick: Tick, io: u64, work: u64, lanes: &[ThreadCounts]) -> Verdict {
        let (io, work) = (self.io.tick(tick, io), self.work.tick(tick, work));
        let lane = self.tick_lanes(tick, lanes);
        match (io >= IO_TICKS_MAX, work >= WORK_TICKS_MAX, lane >= LANE_TICKS_MAX) {
            (true, ..) => Verdict::IoStuck,
            (false, true, _) => Verdict::WorkStuck,
            (false, false, true) => Verdict::LaneStuck,
            (false, false, false) => Verdict::Fine,
        }
    }

    /// The most that one of them has missed. A lane that begins shifts those behind it, whose counts begin anew.
    fn tick_lanes(&mut self, tick: Tick, lanes: &[ThreadCounts]) -> u32 {
        self.lanes.resize(lanes.len(), Count::default());
        let missed = |(count, lane): (&mut Count<ThreadCounts>, &ThreadCounts)| {
            let missed = count.tick(tick, *lane);
            if lane.is_asleep() { 0 } else { missed }
        };
        self.lanes.iter_mut().zip(lanes).map(missed).max().unwrap_or_default()
    }
}

/// The running thread; dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct Watchdog {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn start(progress: Arc<Progress>, pulse: Pulse) -> std::io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let thread = std::thread::Builder::new().name("exai-watchdog".to_owned()).spawn(move || {
            let mut watch = Watch::default();
            let mut last = Instant::now();
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let tick = if last.elapsed() > TICK + LATE { Tick::Late } else { Tick::Punctual };
                last = Instant::now();
                let (io, work) = (progress.io.load(Ordering::Relaxed), progress.work.load(Ordering::Relaxed));
                match watch.tick(tick, io, work, &pulse.lanes()) {
                    Verdict::Fine => {}
                    Verdict::IoStuck => abort("io", IO_TICKS_MAX),
                    Verdict::WorkStuck => abort("work", WORK_TICKS_MAX),
                    Verdict::LaneStuck => abort("provider", LANE_TICKS_MAX),
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the last thing this process does; nothing is left to wait for")]
fn abort(runtime: &'static str, seconds: u32) -> ! {
    tracing::error!(runtime, seconds, "a runtime is stuck, aborting");
    std::thread::sleep(LAST_WORDS);
    std::process::abort()
}

#[cfg(test)]
mod tests;

//! Where calls run: each in the lane of the provider that it asks first, all others on the work runtime. They share nothing with the
//! io thread but bounded channels.
//!
//! io → work: [`Command`]s, each at once; work → io: [`Report`]s, in a channel that can't be full (see [`Work::start`]);
//! notes may be dropped.
//! Every call is a task; aborting it drops its future, which closes the provider's socket. It tells its own end, so that
//! nobody has to be woken in between.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exai_http::{BLOCKING_THREADS, HttpTransport};
use exai_provider::{Denied, ProviderHealth};
use exai_session::{Before, Finished};
use exai_wire::{CallId, Class, Partial};
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::toolbox::Toolbox;
use crate::vitals::ThreadCounts;
use crate::watchdog::Progress;
use crate::witness::{Asker, Piece, Witness};

/// How often the work runtime shows that it runs.
pub(crate) const PULSE: Duration = Duration::from_millis(500);

/// Threads: at least two, so that one long piece of work leaves one; more than eight bring nothing to calls that
/// wait for the network.
const THREADS: std::ops::RangeInclusive<usize> = 2..=8;

/// How long who asks waits for the newest; a runtime that is stuck must not keep its condition from being told.
const FRESH: Duration = Duration::from_millis(50);

/// Pieces of answers on their way to the io thread: each call has one at a time, and waits where there are more.
const PIECES_MAX: usize = 1024;

/// Notes on their way to the io thread; they come once a second and call at most.
const NOTES_MAX: usize = 1024;

/// A call to execute.
#[derive(Debug)]
pub(crate) struct Job {
    /// Which call.
    pub(crate) call_id: CallId,
    /// What its tool may do.
    pub(crate) class: Class,
    /// Whose: its session as a number.
    pub(crate) sharer: u128,
    /// Params of `tools/call`.
    pub(crate) params: Box<RawValue>,
    /// Attempts begun under earlier starts of the daemon.
    pub(crate) before: Vec<Before>,
    /// Text that one of them had brought.
    pub(crate) kept: Option<Partial>,
    /// Moment at which it must have ended, on the daemon's [`Clock`].
    pub(crate) deadline: Duration,
}

/// What the io thread wants done.
#[derive(Debug)]
pub(crate) enum Command {
    /// Execute.
    Run(Job),
    /// Stop executing; answered by [`End::Aborted`], or by another end that came first.
    Abort(CallId),
}

/// What the work runtime tells.
#[derive(Debug)]
pub(crate) enum Report {
    /// A call wants to ask a provider.
    Attempt {
        /// Which call.
        call_id: CallId,
        /// Number of the last attempt, where it cost nothing and is to be this one.
        unused: Option<u32>,
        /// Provider to ask.
        provider: String,
        /// Model to ask.
        model: String,
        /// Bytes of kept text that it goes on from.
        continues: u64,
        /// Takes the number of the attempt, or why there is none.
        reply: oneshot::Sender<Result<u32, Denied>>,
    },
    /// The attempt of a call has failed by itself, and may have been billed.
    Failed(CallId),
    /// It has failed and cost nothing.
    CostNothing(CallId),
    /// A call runs no more.
    Ended {
        /// Which call.
        call_id: CallId,
        /// How it ended.
        end: End,
        /// What it had gathered of an answer and not passed on, where it was not broken off itself: wanted only if its result
        /// is not.
        rest: Option<Piece>,
    },
}

/// How a task ended.
#[derive(Debug)]
pub(crate) enum End {
    /// With a result.
    Finished(Finished),
    /// It panicked.
    Panicked,
    /// It was aborted.
    Aborted,
}

/// The running runtime; dropping it leaves its threads to themselves, and ends the lanes, for the process is about
/// to end.
#[derive(Debug)]
pub(crate) struct Work {
    runtime: Option<Runtime>,
    staff: Staff,
    /// Calls that have a task, until their end is read.
    tasks: BTreeMap<CallId, AbortHandle>,
    /// Where reports come from.
    pub(crate) reports: mpsc::Receiver<Report>,
    /// Where notes come from.
    pub(crate) notes: mpsc::Receiver<(CallId, String)>,
    /// Where texts of answers come from.
    pub(crate) texts: mpsc::Receiver<Piece>,
    /// Signs of life.
    pub(crate) pulse: Pulse,
}

/// Signs of life of the threads on which calls run, for the io thread and the watchdog.
#[derive(Debug, Clone)]
pub(crate) struct Pulse {
    at_ms: Arc<AtomicU64>,
    providers: watch::Receiver<Vec<ProviderHealth>>,
    turned: Arc<Notify>,
    /// Somebody waits for the newest.
    wanted: Arc<Notify>,
    handle: Handle,
    transport: Arc<HttpTransport>,
}

impl Pulse {
    /// When it last beat, on the daemon's clock.
    pub(crate) fn at(&self) -> Duration {
        Duration::from_millis(self.at_ms.load(Ordering::Relaxed))
    }

    /// The runtime itself.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Each provider's condition at that time.
    pub(crate) fn providers(&self) -> watch::Ref<'_, Vec<ProviderHealth>> {
        self.providers.borrow()
    }

    /// Has [`Pulse::providers`] say how it is now, where the runtime can say so in [`FRESH`].
    pub(crate) async fn refresh(&self) {
        let mut providers = self.providers.clone();
        providers.mark_unchanged();
        self.wanted.notify_one();
        let _ = tokio::time::timeout(FRESH, providers.changed()).await;
    }

    /// Ends when a provider is asked no more, or again, and [`Pulse::providers`] says so.
    pub(crate) async fn turned(&self) {
        self.turned.notified().await;
    }

    /// Calls that waited for a place at any of them.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = |provider: &ProviderHealth| usize::try_from(provider.waiting).unwrap_or(usize::MAX);
        self.providers.borrow().iter().map(waiting).sum()
    }

    /// What each thread on which calls run has counted so far.
    pub(crate) fn threads(&self) -> Vec<ThreadCounts> {
        let mut all: Vec<ThreadCounts> = counts(&self.handle).collect();
        all.extend(self.lanes());
        all
    }

    /// The same of the lanes alone.
    pub(crate) fn lanes(&self) -> Vec<ThreadCounts> {
        self.transport.lanes().flat_map(counts).collect()
    }
}

fn counts(runtime: &Handle) -> impl Iterator<Item = ThreadCounts> {
    let metrics = runtime.metrics();
    (0..metrics.num_workers()).map(move |n| ThreadCounts {
        busy: metrics.worker_total_busy_duration(n),
        parks: metrics.worker_park_unpark_count(n),
    })
}

impl Work {
    /// Starts the runtime for at most `slots` calls at a time, those included that wait for a provider.
    ///
    /// # Errors
    /// If the operating system gives no threads.
    pub(crate) fn start(
        clock: Clock,
        slots: usize,
        toolbox: Arc<Toolbox>,
        transport: Arc<HttpTransport>,
        progress: Arc<Progress>,
    ) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(*THREADS.start(), usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(cores.clamp(*THREADS.start(), *THREADS.end()))
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("exai-work")
            .enable_all()
            .build()?;
        // Of one call: that an attempt has failed, the question for the next, and its end. It asks for no attempt while one is
        // open, and leaves its slot when its end was read, and with it everything that it said before.
        let (report, reports) = mpsc::channel(3 * slots);
        let (note, notes) = mpsc::channel(NOTES_MAX);
        let (text, texts) = mpsc::channel(PIECES_MAX);
        let at_ms = Arc::new(AtomicU64::new(clock.now_ms()));
        let (health, providers) = watch::channel(toolbox.providers());
        let turned = Arc::new(Notify::new());
        let wanted = Arc::new(Notify::new());
        let told = Teller {
            at_ms: Arc::clone(&at_ms),
            health,
            turned: Arc::clone(&turned),
            wanted: Arc::clone(&wanted),
        };
        let handle = runtime.handle().clone();
        let pulse = Pulse { at_ms, providers, turned, wanted, handle, transport };
        let staff =
            Staff { toolbox: Arc::clone(&toolbox), report, note, text, progress: Arc::clone(&progress) };
        runtime.spawn(beat(clock, told, toolbox, progress));
        Ok(Self { runtime: Some(runtime), staff, tasks: BTreeMap::new(), reports, notes, texts, pulse })
    }

    /// Does what the io thread wants done; never waits.
    pub(crate) fn obey(&mut self, command: Command) {
        match command {
            Command::Run(job) => {
                let call_id = job.call_id;
                let ending = Ending::of(call_id, &self.staff);
                let Pulse { handle, transport, .. } = &self.pulse;
                let lane =
                    self.staff.toolbox.first_asked(&job.params).and_then(|first| transport.lane(first));
                let runtime = lane.as_ref().unwrap_or(handle);
                let task = runtime.spawn(ending.after(work_on(job, self.staff.clone())));
                self.tasks.insert(call_id, task.abort_handle());
            }
            Command::Abort(call_id) => {
                if let Some(task) = self.tasks.get(&call_id) {
                    task.abort();
                }
            }
        }
    }

    /// The end of a call was read.
    pub(crate) fn ended(&mut self, call_id: CallId) {
        self.tasks.remove(&call_id);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.pulse.transport.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where the work runtime shows that it runs.
struct Teller {
    at_ms: Arc<AtomicU64>,
    health: watch::Sender<Vec<ProviderHealth>>,
    turned: Arc<Notify>,
    wanted: Arc<Notify>,
}

async fn beat(clock: Clock, told: Teller, toolbox: Arc<Toolbox>, progress: Arc<Progress>) {
    let mut ticks = tokio::time::interval(PULSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut turned = Box::pin(toolbox.turned());
    loop {
        let has_turned = tokio::select! {
            _ = ticks.tick() => false,
            () = told.wanted.notified() => false,
            () = &mut turned => true,
        };
        if has_turned {
            turned = Box::pin(toolbox.turned());
        }
        told.at_ms.store(clock.now_ms(), Ordering::Relaxed);
        progress.work();
        if told.health.send(toolbox.providers()).is_err() {
            return;
        }
        if has_turned {
            told.turned.notify_one();
        }
    }
}

/// What every call's task is given.
#[derive(Debug, Clone)]
struct Staff {
    toolbox: Arc<Toolbox>,
    report: mpsc::Sender<Report>,
    note: mpsc::Sender<(CallId, String)>,
    text: mpsc::Sender<Piece>,
    progress: Arc<Progress>,
}

async fn work_on(job: Job, staff: Staff) -> Done {
    let asker = Asker::new(job.call_id, staff.report.clone());
    let witness = Witness::new(job.call_id, staff.note.clone(), staff.text.clone());
    let finished = tokio::select! {
        finished = staff.toolbox.run(&job, &asker, &witness) => finished,
        never = witness.forward() => match never {},
    };
    Done { finished, rest: witness.take_text() }
}

/// What a call leaves that was not broken off.
struct Done {
    finished: Finished,
    /// Text that is in the result, or was given up for it.
    rest: Option<Piece>,
}

/// Tells the end of a call when it is dropped: after the work, in a panic, in an abort, and also where the task was aborted
/// before it ran.
struct Ending {
    call_id: CallId,
    report: mpsc::Sender<Report>,
    progress: Arc<Progress>,
    done: Option<Done>,
}

impl Ending {
    fn of(call_id: CallId, staff: &Staff) -> Self {
        let (report, progress) = (staff.report.clone(), Arc::clone(&staff.progress));
        Self { call_id, report, progress, done: None }
    }

    /// Does the work; what it holds is dropped before its end is told.
    async fn after(mut self, work: impl Future<Output = Done>) {
        self.done = Some(work.await);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let (end, rest) = match self.done.take() {
            Some(Done { finished, rest }) => (End::Finished(finished), rest),
            None if std::thread::panicking() => (End::Panicked, None),
            None => (End::Aborted, None),
        };
        self.progress.work();
        // It fails only when nobody reads any more: there is room.
        let _ = self.report.try_send(Report::Ended { call_id: self.call_id, end, rest });
    }
}

#[cfg(test)]
mod tests;

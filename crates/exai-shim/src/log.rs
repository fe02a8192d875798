//! `logs/shim.log` in the state directory: shared by all shims of the user, bounded, never waited for.
//!
//! Events are formatted where they happen and put into a bounded queue; a thread, started by the first of them,
//! appends what waits in one write (whole lines, so shims do not cut into each other). A queue that is full drops
//! lines and says how many. The file is opened anew for each write: writes are rare, and so nobody keeps writing into
//! a file that another shim has renamed.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exai_settings::LogLevel;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// Bytes that may wait for the disk: some thousand lines.
const WAITING_BYTES_MAX: usize = 512 << 10;

/// Size at which the file becomes `shim.log.1`, in bytes.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Sends the process's events to the file. `None`: without a state directory there is no log.
pub(crate) fn install(state_dir: Option<&Path>, level: LogLevel) -> Option<Log> {
    let state_dir = state_dir?;
    let filter = match level {
        LogLevel::Off => return None,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let log = Log::new(state_dir.join("logs").join("shim.log"));
    // Fails only if the program has installed one before; that one then gets the events.
    let _ = tracing::subscriber::set_global_default(subscriber(log.clone(), filter));
    Some(log)
}

/// Libraries are kept out at every level: some of them show headers and frames.
fn subscriber(log: Log, level: LevelFilter) -> impl Subscriber + Send + Sync {
    let ours = filter_fn(move |event| event.target().starts_with("exai") && *event.level() <= level);
    let format = tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(log);
    tracing_subscriber::registry().with(format.with_filter(ours.with_max_level_hint(level)))
}

/// Takes formatted lines.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    waiting: Mutex<Waiting>,
    filled: Condvar,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    thread: Thread,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Thread {
    #[default]
    NotStarted,
    Waits,
    Writes,
}

impl Log {
    fn new(path: PathBuf) -> Self {
        let (filled, settled) = (Condvar::new(), Condvar::new());
        Self { shared: Arc::new(Shared { path, waiting: Mutex::default(), filled, settled }) }
    }

    /// Waits until everything is written, at most this long.
    pub(crate) fn settle(&self, limit: Duration) {
        let unsettled = |waiting: &mut Waiting| !waiting.bytes.is_empty() || waiting.thread == Thread::Writes;
        let waiting = self.shared.waiting();
        // Past the limit the last lines are lost, which is what a slow disk costs at the end.
        let _ = self.shared.settled.wait_timeout_while(waiting, limit, unsettled);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One event's text.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    log: &'a Log,
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { log: self }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut waiting = self.log.shared.waiting();
        if waiting.bytes.len() + line.len() > WAITING_BYTES_MAX {
            waiting.dropped += 1;
        } else {
            waiting.bytes.extend_from_slice(line);
        }
        if waiting.thread == Thread::NotStarted {
            let shared = Arc::clone(&self.log.shared);
            let started =
                std::thread::Builder::new().name("log".to_owned()).spawn(move || append_all(&shared));
            if started.is_ok() {
                waiting.thread = Thread::Waits;
            }
        }
        drop(waiting);
        self.log.shared.filled.notify_one();
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn append_all(shared: &Shared) {
    loop {
        let mut waiting = shared.waiting();
        while waiting.bytes.is_empty() {
            waiting = shared.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let mut bytes = std::mem::take(&mut waiting.bytes);
        let dropped = std::mem::take(&mut waiting.dropped);
        waiting.thread = Thread::Writes;
        drop(waiting);
        if dropped > 0 {
            bytes.extend_from_slice(format!("log lines dropped={dropped}\n").as_bytes());
        }
        // A directory that can't be written costs the log and nothing else.
        let _ = append(&shared.path, &bytes);
        shared.waiting().thread = Thread::Waits;
        shared.settled.notify_all();
    }
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = open(path)?;
    if file.metadata()?.len() >= FILE_BYTES_MAX {
        rotate(path, &file)?;
        file = open(path)?;
    }
    file.write_all(bytes)
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Renames the file, unless another shim has just done so: the size is asked again under a lock.
fn rotate(path: &Path, file: &File) -> std::io::Result<()> {
    file.lock()?;
    if std::fs::metadata(path)?.len() >= FILE_BYTES_MAX {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    file.unlock()
}

#[cfg(test)]
mod tests;

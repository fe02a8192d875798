//! Where log lines go: to a thread of their own by a bounded queue, dropped and counted when it is full, so that no
//! thread of the daemon ever waits for a disk or a terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use exai_settings::LogLevel;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::atomic_file::Readers;
use crate::keeper::make_private;
use crate::same_file::is_at;

/// Lines that may wait to be written.
const LINES_MAX: usize = 8192;

/// The writer's rest after what it found to write. Whoever logs meanwhile has nobody to wake, which would cost it more than the
/// line; a process that is killed loses as much of its log.
const REST: Duration = Duration::from_millis(20);

/// A log file longer than this becomes `daemon.log.1`, in place of the one before.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// What becomes of a log file that can't be had: as a rule it is in a directory of the host, mounted into a container
/// and made by somebody else.
const UNWRITABLE: &str = "can't write the log file, working on with stderr alone; make its directory writable for the \
                          daemon's user, or take EXAI_LOG_FILE out";

/// The log. Dropping it writes what waits, for a moment.
pub(crate) struct Log {
    dropped: ErrorCounter,
    _worker: WorkerGuard,
}

impl Log {
    /// Lines to stderr.
    pub(crate) fn to_stderr(level: LogLevel) -> Self {
        Self::to(io::stderr(), level)
    }

    /// Lines to stderr and to a file, which is kept within its bound. Where the file can't be written, to stderr alone,
    /// with a line that says so.
    pub(crate) fn to_both(path: PathBuf, level: LogLevel) -> Self {
        let shown = path.display().to_string();
        let directory = path.parent().map_or(Ok(()), make_private);
        match directory.and_then(|()| BoundedFile::open(path, Readers::Anyone)) {
            Ok(file) => Self::to(Both(file), level),
            Err(error) => {
                let log = Self::to_stderr(level);
                tracing::warn!(path = shown, %error, "{UNWRITABLE}");
                log
            }
        }
    }

    /// Lines to a file, which is kept within its bound.
    ///
    /// # Errors
    /// If the file can't be opened.
    pub(crate) fn to_file(path: PathBuf, level: LogLevel) -> io::Result<Self> {
        Ok(Self::to(BoundedFile::open(path, Readers::Owner)?, level))
    }

    fn to(writer: impl Write + Send + 'static, level: LogLevel) -> Self {
        let (lines, worker) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(LINES_MAX)
            .thread_name("exai-log")
            .finish(Unhurried(writer));
        let dropped = lines.error_counter();
        let level = LevelFilter::from_str(level.as_str()).unwrap_or(LevelFilter::INFO);
        // Libraries are kept out at every level: some of them show headers and frames.
        let ours = filter_fn(move |event| event.target().starts_with("exai") && *event.level() <= level);
        let format = tracing_subscriber::fmt::layer().with_writer(lines).with_ansi(false).with_target(false);
        // In tests several daemons may share a process, and the first one's log.
        let _ = tracing::subscriber::set_global_default(
            tracing_subscriber::registry().with(format.with_filter(ours)),
        );
        Self { dropped, _worker: worker }
    }

    /// Lines that were left out because the writer was slow.
    pub(crate) fn dropped(&self) -> ErrorCounter {
        self.dropped.clone()
    }
}

/// Tells where one of the daemon's threads panicked; what it said may hold a prompt, so that is left out. Threads of
/// a program that runs a daemon beside other things keep the hook they had.
pub(crate) fn panics() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let Some(thread) = thread.name().filter(|name| *name == "main" || name.starts_with("exai-")) else {
            return others(panic);
        };
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, thread, "a defect: panic");
    }));
}

/// A file and one predecessor, each at most 8 MiB and a line long. Where its name leads to it no more, because somebody
/// deleted the state directory or renamed the file, it goes on in a new one.
struct BoundedFile {
    path: PathBuf,
    readers: Readers,
    file: File,
    written: u64,
}

impl BoundedFile {
    fn open(path: PathBuf, readers: Readers) -> io::Result<Self> {
        let file = append(&path, readers)?;
        let written = file.metadata()?.len();
        Ok(Self { path, readers, file, written })
    }

    /// A file that can't be renamed, because it is mounted by itself for instance, begins anew in its place: its old lines
    /// are lost, and not all that come. What is no file has no length to be kept within, and others need its name.
    fn turn(&mut self) -> io::Result<()> {
        if !self.file.metadata()?.is_file() {
            self.written = 0;
            return Ok(());
        }
        if std::fs::rename(&self.path, self.path.with_extension("log.1")).is_ok() {
            return self.open_anew();
        }
        self.file.set_len(0)?;
        self.written = 0;
        Ok(())
    }

    fn open_anew(&mut self) -> io::Result<()> {
        self.file = append(&self.path, self.readers)?;
        self.written = self.file.metadata()?.len();
        Ok(())
    }

    fn regain(&mut self) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            make_private(directory)?;
        }
        self.open_anew()
    }
}

fn append(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    options.open(path)
}

impl Write for BoundedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A look at the name costs less than the write.
        if !is_at(&self.file, &self.path) {
            self.regain()?;
        }
        if self.written >= FILE_BYTES_MAX {
            self.turn()?;
        }
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Rests after each round of writing.
struct Unhurried<W>(W);

impl<W: Write> Write for Unhurried<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    #[allow(clippy::disallowed_methods, reason = "a thread of its own that paces itself")]
    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.0.flush();
        std::thread::sleep(REST);
        flushed
    }
}

/// Stderr and a file. Neither keeps the other from being written: a disk may be full, a terminal gone.
struct Both(BoundedFile);

impl Write for Both {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (said, kept) = (io::stderr().write_all(bytes), self.0.write_all(bytes));
        said.or(kept).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;

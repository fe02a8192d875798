//! Where log lines go: to a thread of their own by a bounded queue, dropped and counted when it is full, so that no
//! thread of the daemon ever waits for a disk or a terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use exai_settings::LogLevel;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::keeper::make_private;
use crate::same_file::is_at;

/// Lines that may wait to be written.
const LINES_MAX: usize = 8192;

/// A log file longer than this becomes `daemon.log.1`, in place of the one before.
const FILE_BYTES_MAX: u64 = 8 << 20;

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

    /// Lines to a file, which is kept within its bound.
    ///
    /// # Errors
    /// If the file can't be opened.
    pub(crate) fn to_file(path: PathBuf, level: LogLevel) -> io::Result<Self> {
        Ok(Self::to(BoundedFile::open(path)?, level))
    }

    fn to(writer: impl Write + Send + 'static, level: LogLevel) -> Self {
        let (lines, worker) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(LINES_MAX)
            .thread_name("exai-log")
            .finish(writer);
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
    file: File,
    written: u64,
}

impl BoundedFile {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = append(&path)?;
        let written = file.metadata()?.len();
        Ok(Self { path, file, written })
    }

    fn turn(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
        self.open_anew()
    }

    fn open_anew(&mut self) -> io::Result<()> {
        self.file = append(&self.path)?;
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

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
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

#[cfg(test)]
mod tests;

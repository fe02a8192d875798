//! The local daemon: started when a call needs one and none answers.
//!
//! The operating system's lock in the state directory makes it one daemon, not this file: whoever starts a second one
//! sees it exit with 75, and finds the first one's address in `endpoint.json`. A daemon is started only while calls
//! wait: one that a person has stopped stays stopped until it is needed.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::endpoint::{self, Endpoint};
use crate::state_room::{self, NoRoom};

/// Pause between two looks at `endpoint.json` while a daemon starts: it needs some 50 ms.
const LOOK: Duration = Duration::from_millis(10);

/// Pause between looks once it takes longer than [`QUICK`].
const LOOK_SLOW: Duration = Duration::from_millis(200);

/// How long looks are quick.
const QUICK: Duration = Duration::from_secs(3);

/// First pause between two starts; doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// Longest pause between two starts.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// A daemon that was reachable this long has started well; the next start has no pause.
const STABLE: Duration = Duration::from_secs(10);

/// Size in bytes at which the file of last words is begun anew.
const LAST_WORDS_BYTES: u64 = 64 << 10;

/// First pause between two looks whether a daemon that is there has let go; doubles up to [`HELD_PAUSE_MAX`].
const HELD_PAUSE_MIN: Duration = Duration::from_millis(250);

/// Longest pause between two such looks. One that drains is gone in seconds; one that hangs stays.
const HELD_PAUSE_MAX: Duration = Duration::from_secs(2);

/// Exit code of a daemon that found another one running.
const SECOND_DAEMON: i32 = 75;

/// Exit code of a daemon that can't start before a setting is changed.
const SETTINGS: i32 = 78;

/// Most bytes of a daemon's last words that are passed on.
const WORDS_BYTES_MAX: u64 = 2 << 10;

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing new.
    Same,
    /// A daemon has written its address: dial now.
    Listening,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Autostart {
    exe: PathBuf,
    /// `--local` for the local default, nothing where an address is configured.
    arguments: &'static [&'static str],
    state_dir: Option<PathBuf>,
    child: Option<Child>,
    pause: Duration,
    /// Pause until it is looked again whether another daemon has let go.
    held_pause: Duration,
    /// Earliest next start.
    next_start: Duration,
    watch: Option<Watch>,
    last_error: Option<String>,
    /// Length of the file of last words when the child was started.
    words_from: u64,
    unusable: Option<String>,
}

#[derive(Debug)]
struct Watch {
    began: Duration,
    next_look: Duration,
    seen: Option<Endpoint>,
}

impl Autostart {
    /// Nothing is started yet.
    pub(crate) fn new(exe: PathBuf, arguments: &'static [&'static str], state_dir: Option<PathBuf>) -> Self {
        Self {
            exe,
            arguments,
            state_dir,
            child: None,
            pause: PAUSE_MIN,
            held_pause: HELD_PAUSE_MIN,
            next_start: Duration::ZERO,
            watch: None,
            last_error: None,
            words_from: 0,
            unusable: None,
        }
    }

    /// A dial failed while calls wait: begins to watch for a daemon, and starts one when it is time.
    pub(crate) fn need(&mut self, now: Duration) {
        if self.watch.is_none() {
            let seen = self.read();
            self.watch = Some(Watch { began: now, next_look: now + LOOK, seen });
        }
        self.reap(now);
        self.start_if_due(now);
    }

    /// A daemon answered: nothing to watch for.
    pub(crate) fn found(&mut self) {
        self.watch = None;
        self.last_error = None;
        self.held_pause = HELD_PAUSE_MIN;
    }

    /// The session is lost, after it was up for this long.
    pub(crate) fn lost(&mut self, now: Duration, up: Duration) {
        self.reap(now);
        if up >= STABLE {
            self.pause = PAUSE_MIN;
            self.next_start = now;
        }
    }

    /// Nobody waits any more.
    pub(crate) fn rest(&mut self, now: Duration) {
        self.watch = None;
        self.reap(now);
    }

    /// Why the last start failed.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Why no daemon can start before a setting, or a right on a directory, is changed; once after each such start.
    pub(crate) fn take_unusable(&mut self) -> Option<String> {
        self.unusable.take()
    }

    /// When to look next.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        self.watch.as_ref().map(|watch| watch.next_look)
    }

    /// Looks.
    pub(crate) fn look(&mut self, now: Duration) -> Look {
        self.reap(now);
        let found = self.read();
        let Some(watch) = &mut self.watch else { return Look::Same };
        let slow = now.saturating_sub(watch.began) > QUICK;
        watch.next_look = now + if slow { LOOK_SLOW } else { LOOK };
        if found.is_none() || found == watch.seen {
            self.start_if_due(now);
            return Look::Same;
        }
        watch.seen = found;
        Look::Listening
    }

    fn read(&self) -> Option<Endpoint> {
        endpoint::read(self.state_dir.as_deref()?).ok()
    }

    fn start_if_due(&mut self, now: Duration) {
        if self.child.is_some() || self.unusable.is_some() || now < self.next_start {
            return;
        }
        // A second daemon would only find the first one, and end.
        if self.state_dir.as_deref().and_then(endpoint::is_held) == Some(true) {
            self.stand_back(now);
        } else {
            self.held_pause = HELD_PAUSE_MIN;
            self.start(now);
        }
    }

    /// Another daemon starts, drains, or hangs: looks again, ever more seldom.
    fn stand_back(&mut self, now: Duration) {
        self.next_start = now + self.held_pause;
        self.held_pause = (self.held_pause * 2).min(HELD_PAUSE_MAX);
    }

    fn start(&mut self, now: Duration) {
        self.next_start = now + self.pause;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.words_from =
            self.words_path().and_then(|path| path.metadata().ok()).map_or(0, |file| file.len());
        match self.command().spawn() {
            Ok(child) => {
                tracing::info!(daemon_pid = child.id(), "daemon started");
                self.child = Some(child);
            }
            Err(error) => {
                tracing::warn!(exe = %self.exe.display(), %error, "daemon can't be started");
                self.last_error = Some(format!("starting {} failed: {error}", self.exe.display()));
            }
        }
    }

    /// Its own process group, so that what ends the host does not end it; nothing of the host's streams; and no
    /// working directory that it would keep from being removed.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.exe);
        command.arg("daemon").args(self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(self.state_dir.as_deref().map_or_else(Stdio::null, last_words));
        if let Some(root) = self.exe.ancestors().last().filter(|root| root.is_absolute()) {
            command.current_dir(root);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // DETACHED_PROCESS and CREATE_NEW_PROCESS_GROUP.
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, 0x0000_0008 | 0x0000_0200);
        command
    }

    /// Takes note of a daemon that has ended.
    fn reap(&mut self, now: Duration) {
        let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) else { return };
        self.child = None;
        if status.code() == Some(SECOND_DAEMON) {
            // Nothing is broken that a long pause would spare.
            self.pause = PAUSE_MIN;
            self.stand_back(now);
            return;
        }
        tracing::warn!(%status, "daemon ended");
        let (death, lasts) = self.death(status);
        if lasts {
            // Nobody waits after this; whoever calls next has perhaps changed something, and is to know at once.
            self.unusable = Some(death.clone());
            self.pause = PAUSE_MIN;
            self.next_start = now;
        }
        self.last_error = Some(death);
    }

    /// What it died of, and whether the next would die of it too.
    fn death(&self, status: ExitStatus) -> (String, bool) {
        let is_setting = status.code() == Some(SETTINGS);
        let wrong = self.state_dir.as_deref().filter(|_| !is_setting).and_then(state_room::what_is_wrong);
        let (words, lasts) = match wrong {
            Some(NoRoom { why, lasts }) => (Some(why), lasts),
            None => (self.words(), is_setting),
        };
        if let Some(words) = words {
            return (format!("the daemon started here ended ({status}): {words}"), lasts);
        }
        let log = self.state_dir.as_deref().map(|dir| dir.join("logs"));
        let hint = log.map_or_else(String::new, |dir| {
            format!("; see daemon.log and daemon.stderr in {}", dir.display())
        });
        (format!("the daemon started here ended ({status}){hint}"), lasts)
    }

    fn words_path(&self) -> Option<PathBuf> {
        Some(self.state_dir.as_deref()?.join("logs").join(WORDS_FILE))
    }

    /// What the last child has left in the file of last words, on one line; `None`: nothing.
    fn words(&self) -> Option<String> {
        let mut file = File::open(self.words_path()?).ok()?;
        let length = file.metadata().ok()?.len();
        // Shorter than before: it was begun anew.
        let from = if length < self.words_from { 0 } else { self.words_from };
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(WORDS_BYTES_MAX)))).ok()?;
        let mut words = Vec::new();
        file.take(WORDS_BYTES_MAX).read_to_end(&mut words).ok()?;
        let words = String::from_utf8_lossy(&words);
        let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }
}

/// Name of the file of last words, among the logs.
const WORDS_FILE: &str = "daemon.stderr";

/// Where a daemon's last words go: what it says before its own log is open, or when it panics.
fn last_words(state_dir: &Path) -> Stdio {
    let logs = state_dir.join("logs");
    let path = logs.join(WORDS_FILE);
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = std::fs::create_dir_all(&logs).and_then(|()| options.open(path)).and_then(|file| {
        if file.metadata()?.len() > LAST_WORDS_BYTES {
            file.set_len(0)?;
        }
        Ok(file)
    });
    opened.map_or_else(|_| Stdio::null(), Stdio::from)
}

#[cfg(all(test, unix))]
mod tests;
#[cfg(all(test, unix))]
pub(crate) use tests::program;

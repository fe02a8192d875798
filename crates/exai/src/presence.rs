//! Whether a daemon that does not answer is still there, as far as this machine can tell.

use std::path::{Path, PathBuf};

use exai_settings::Settings;
use exai_shim::ask::Address;
use exai_shim::endpoint::{self, LOCK_FILE, is_held};

/// Whether the daemon of our state directory, if it is the one at `address`, still runs. `None`: it is another one, or
/// that can't be known. The lock counts, which ends with the process; a process id may be a container's own.
pub(crate) fn holds_state_dir(settings: &Settings, address: &Address) -> Option<bool> {
    let dir = settings.state.dir.as_deref()?;
    let endpoint = endpoint::read(dir).ok()?;
    if Address::parse(&endpoint.url, None)?.is_same_place(address) { is_held(dir) } else { None }
}

/// The daemon that holds our state directory and listens at the address that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its process by its own word; 0 where that is not known.
    pub(crate) pid: u32,
    /// The state directory.
    pub(crate) dir: PathBuf,
}

impl Holder {
    /// Of the daemon at `address`; `None`: nobody holds our state directory, or somebody else does.
    pub(crate) fn find(settings: &Settings, address: &Address) -> Option<Self> {
        if holds_state_dir(settings, address) != Some(true) {
            return None;
        }
        let dir = settings.state.dir.clone()?;
        let pid = endpoint::read(&dir).ok()?.pid;
        Some(Self { pid, dir })
    }

    /// What to say where it does not answer.
    pub(crate) fn sentence(&self) -> String {
        endpoint::silent(&self.dir, self.pid)
    }

    /// Whether that process is the one. A process id is given out again, and means another one in a container; a signal
    /// must not reach a stranger.
    pub(crate) fn is_certain(&self) -> bool {
        self.pid != 0 && is_alive(self.pid.into()) == Some(true) && has_open(self.pid, &lock_file(&self.dir))
    }

    /// Asks it to end in order.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(crate) fn terminate(&self) -> std::io::Result<()> {
        self.signal(Sign::Terminate)
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(crate) fn kill(&self) -> std::io::Result<()> {
        self.signal(Sign::Kill)
    }

    #[cfg(unix)]
    fn signal(&self, sign: Sign) -> std::io::Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(std::io::ErrorKind::NotFound)?;
        let signal = match sign {
            Sign::Terminate => Signal::TERM,
            Sign::Kill => Signal::KILL,
        };
        Ok(kill_process(pid, signal)?)
    }

    #[cfg(not(unix))]
    fn signal(&self, _sign: Sign) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Terminate,
    Kill,
}

fn lock_file(dir: &Path) -> PathBuf {
    let path = dir.join(LOCK_FILE);
    path.canonicalize().unwrap_or(path)
}

/// Whether this process has that file open: only a daemon keeps the lock's.
#[cfg(target_os = "linux")]
fn has_open(pid: u32, file: &Path) -> bool {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd"));
    let mut links = entries.into_iter().flatten().flatten().filter_map(|entry| entry.path().read_link().ok());
    links.any(|link| link == file)
}

/// Whether this process is a daemon of this program, as far as its command line tells.
#[cfg(all(unix, not(target_os = "linux")))]
fn has_open(pid: u32, _file: &Path) -> bool {
    let output = std::process::Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    output.is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout);
        line.contains("exai") && line.contains(" daemon")
    })
}

#[cfg(not(unix))]
fn has_open(_pid: u32, _file: &Path) -> bool {
    false
}

/// Whether this process of this machine runs; `None` where that can't be known.
#[cfg(unix)]
pub(crate) fn is_alive(pid: u64) -> Option<bool> {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    Some(test_kill_process(pid) != Err(Errno::SRCH))
}

/// Whether this process of this machine runs; `None` where that can't be known.
#[cfg(not(unix))]
pub(crate) fn is_alive(_pid: u64) -> Option<bool> {
    None
}

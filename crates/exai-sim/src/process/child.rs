//! A child process in a process group of its own, so that nothing of it outlives its owner.

use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use super::poll;

/// What can be sent to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ends it without a chance to do anything.
    Kill,
    /// Asks it to end.
    Terminate,
    /// As Ctrl-C.
    Interrupt,
    /// The terminal is gone.
    Hangup,
    /// Freezes it.
    Stop,
    /// Thaws it.
    Continue,
}

/// Which process group a child belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One of its own, killed as a whole: nothing that the child started outlives the test.
    Own,
    /// That of this process: Ctrl-C in a terminal reaches both.
    Shared,
}

/// A running or ended process; killed on drop, with its whole group where that is its own.
#[derive(Debug)]
pub struct Child {
    name: String,
    pid: u32,
    group: Group,
    inner: Mutex<std::process::Child>,
}

impl Child {
    /// Starts `command`; `name` stands in errors.
    ///
    /// # Errors
    /// It can't be started.
    pub fn spawn(name: &str, command: &mut Command, group: Group) -> anyhow::Result<Self> {
        #[cfg(unix)]
        if group == Group::Own {
            std::os::unix::process::CommandExt::process_group(command, 0);
        }
        let inner = command
            .spawn()
            .with_context(|| format!("can't start {name}: {}", command.get_program().display()))?;
        Ok(Self { name: name.to_owned(), pid: inner.id(), group, inner: Mutex::new(inner) })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its piped ends, each once.
    pub fn take_pipes(&self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let mut inner = self.lock();
        (inner.stdin.take(), inner.stdout.take(), inner.stderr.take())
    }

    /// Its status, if it has ended.
    pub fn status(&self) -> Option<ExitStatus> {
        self.lock().try_wait().ok().flatten()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It still runs after `timeout`.
    pub fn wait(&self, timeout: Duration) -> anyhow::Result<ExitStatus> {
        poll(timeout, || self.status()).with_context(|| format!("{} still runs after {timeout:?}", self.name))
    }

    /// Sends a signal to this process alone.
    ///
    /// # Errors
    /// It has ended, or the system knows no such signal.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        // Held meanwhile: a process that nobody has waited for keeps its id, so no other one is hit.
        let mut inner = self.lock();
        if inner.try_wait()?.is_some() {
            anyhow::bail!("{} has ended already", self.name);
        }
        if signal == Signal::Kill {
            return Ok(inner.kill()?);
        }
        send(self.pid, signal).with_context(|| format!("{signal:?} to {}", self.name))
    }

    /// Kills it, with everything in its group where that is its own, and waits until it is gone.
    pub fn kill_group(&self) {
        let mut inner = self.lock();
        // What has ended already needs no kill.
        #[cfg(unix)]
        if let Some(pid) = raw(self.pid).filter(|_| self.group == Group::Own) {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = inner.kill();
        let _ = inner.wait();
    }

    fn lock(&self) -> MutexGuard<'_, std::process::Child> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Kills a process that need not be a child, for example a daemon that a shim started.
pub fn kill(pid: u32) {
    #[cfg(unix)]
    if let Some(pid) = raw(pid) {
        // Gone already is as good.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = Command::new("taskkill").args(["/F", "/PID", &pid.to_string()]).output();
}

#[cfg(unix)]
fn raw(pid: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(unix)]
fn send(pid: u32, signal: Signal) -> anyhow::Result<()> {
    use rustix::process::Signal as Raw;
    let signal = match signal {
        Signal::Kill => Raw::KILL,
        Signal::Terminate => Raw::TERM,
        Signal::Interrupt => Raw::INT,
        Signal::Hangup => Raw::HUP,
        Signal::Stop => Raw::STOP,
        Signal::Continue => Raw::CONT,
    };
    Ok(rustix::process::kill_process(raw(pid).context("no process id")?, signal)?)
}

#[cfg(not(unix))]
fn send(_pid: u32, signal: Signal) -> anyhow::Result<()> {
    anyhow::bail!("this system has no {signal:?}")
}

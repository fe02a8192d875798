//! What the operating system asks for.

use std::io;

use crate::event::Signal;
use crate::options::Mode;

/// Listens to signals from its making on.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    /// `None` where whoever started the daemon had it ignored (`nohup`).
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
    /// A daemon that a shim started belongs to no terminal, and outlives the one that its shim was started from.
    #[cfg(unix)]
    mode: Mode,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    terminate: tokio::signal::windows::CtrlShutdown,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub(crate) fn listen(mode: Mode) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = if hang_up_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hang_up, mode })
    }

    /// The next one. Cancel safe.
    pub(crate) async fn next(&mut self) -> Signal {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Signal::Terminate,
                _ = self.interrupt.recv() => return Signal::Interrupt,
                Some(Some(())) = async { Some(self.hang_up.as_mut()?.recv().await) } => match self.mode {
                    Mode::ByHand => return Signal::HangUp,
                    Mode::Local => {}
                },
            }
        }
    }
}

/// Whether this process was started with SIGHUP ignored; a handler would undo that. Known on Linux only.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The lowest bit is signal 1.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(windows)]
impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub(crate) fn listen(_mode: Mode) -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_shutdown()? })
    }

    /// The next one. Cancel safe.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

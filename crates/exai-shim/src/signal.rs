//! Signals that end the shim. All mean the same: hosts send SIGINT, SIGTERM or SIGHUP as they please.

use std::task::{Context, Poll};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

/// The signals listened to. One that can't be caught keeps its default effect, which ends the process too.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    #[cfg(unix)]
    streams: Vec<(&'static str, Signal)>,
    #[cfg(windows)]
    streams: (Option<CtrlC>, Option<CtrlBreak>, Option<CtrlClose>),
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        let kinds = [
            ("SIGTERM", SignalKind::terminate()),
            ("SIGINT", SignalKind::interrupt()),
            ("SIGHUP", SignalKind::hangup()),
        ];
        let streams = kinds.into_iter().filter_map(|(name, kind)| Some((name, signal(kind).ok()?))).collect();
        Self { streams }
    }

    /// The name of a signal that came.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        for (name, stream) in &mut self.streams {
            if let Poll::Ready(Some(())) = stream.poll_recv(cx) {
                return Poll::Ready(name);
            }
        }
        Poll::Pending
    }
}

#[cfg(windows)]
impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        Self { streams: (ctrl_c().ok(), ctrl_break().ok(), ctrl_close().ok()) }
    }

    /// The name of a signal that came.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let (interrupt, pause, close) = &mut self.streams;
        if interrupt.as_mut().is_some_and(|stream| stream.poll_recv(cx).is_ready()) {
            return Poll::Ready("CTRL_C");
        }
        if pause.as_mut().is_some_and(|stream| stream.poll_recv(cx).is_ready()) {
            return Poll::Ready("CTRL_BREAK");
        }
        if close.as_mut().is_some_and(|stream| stream.poll_recv(cx).is_ready()) {
            return Poll::Ready("CTRL_CLOSE");
        }
        Poll::Pending
    }
}

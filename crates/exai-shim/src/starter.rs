//! The thread on which the local daemon is looked for and started: both touch the disk, which may hang.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::autostart::{Autostart, Look};
use crate::clock::Clock;

/// Reports on their way to the loop; the thread waits when it is full.
const REPORTS: usize = 4;

/// What the thread tells.
#[derive(Debug)]
pub(crate) enum StartNews {
    /// A daemon has written its address: dial now.
    Listening,
    /// Why the last start failed; `None`: nothing is wrong any more.
    Error(Option<String>),
    /// No daemon can start before something is changed: what, and how.
    Unusable(String),
}

/// The loop's side.
#[derive(Debug)]
pub(crate) struct Starter {
    /// Until it is needed for the first time there is no thread.
    unneeded: Option<(Autostart, mpsc::Sender<StartNews>)>,
    shared: Arc<Shared>,
    reports: mpsc::Receiver<StartNews>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    filled: Condvar,
}

/// The newest of each word: there is no queue that could fill up while the disk hangs.
#[derive(Debug, Default)]
struct Inbox {
    lost_after: Option<Duration>,
    wish: Option<Wish>,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
enum Wish {
    Need,
    Found,
    Rest,
}

/// The shim is gone.
#[derive(Debug, Clone, Copy)]
struct End;

impl Starter {
    /// Nothing is started yet.
    pub(crate) fn new(autostart: Autostart, clock: Clock) -> Self {
        let (sender, reports) = mpsc::channel(REPORTS);
        Self { unneeded: Some((autostart, sender)), shared: Arc::default(), reports, clock }
    }

    /// A dial failed while calls wait.
    ///
    /// # Errors
    /// If the operating system has no thread to give.
    pub(crate) fn need(&mut self) -> std::io::Result<()> {
        self.shared.tell(|inbox| inbox.wish = Some(Wish::Need));
        let Some((autostart, reports)) = self.unneeded.take() else { return Ok(()) };
        let (shared, clock) = (Arc::clone(&self.shared), self.clock);
        let thread = std::thread::Builder::new().name("starter".to_owned());
        thread.spawn(move || run(&shared, autostart, clock, &reports)).map(drop)
    }

    /// A daemon answered.
    pub(crate) fn found(&self) {
        self.shared.tell(|inbox| inbox.wish = Some(Wish::Found));
    }

    /// Nobody waits any more.
    pub(crate) fn rest(&self) {
        self.shared.tell(|inbox| inbox.wish = Some(Wish::Rest));
    }

    /// The session is lost, after it was up for this long.
    pub(crate) fn lost(&self, up: Duration) {
        self.shared.tell(|inbox| inbox.lost_after = Some(up));
    }

    /// The next report.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<StartNews> {
        match self.reports.poll_recv(cx) {
            Poll::Ready(Some(report)) => Poll::Ready(report),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        self.shared.tell(|inbox| inbox.end = Some(End));
    }
}

impl Shared {
    fn tell(&self, word: impl FnOnce(&mut Inbox)) {
        word(&mut self.inbox.lock().unwrap_or_else(PoisonError::into_inner));
        self.filled.notify_one();
    }

    /// What was told, at the latest after `limit`.
    fn hear(&self, limit: Option<Duration>) -> Inbox {
        let is_empty = |inbox: &mut Inbox| matches!(inbox, Inbox { lost_after: None, wish: None, end: None });
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inbox = match limit {
            None => self.filled.wait_while(inbox, is_empty).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = self.filled.wait_timeout_while(inbox, limit, is_empty);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        std::mem::take(&mut inbox)
    }
}

fn run(shared: &Shared, mut autostart: Autostart, clock: Clock, reports: &mpsc::Sender<StartNews>) {
    let mut told = None;
    loop {
        let due = autostart.poll_timeout();
        let Inbox { lost_after, wish, end } = shared.hear(due.map(|due| due.saturating_sub(clock.now())));
        if end.is_some() {
            return;
        }
        let now = clock.now();
        if let Some(up) = lost_after {
            autostart.lost(now, up);
        }
        match wish {
            Some(Wish::Need) => autostart.need(now),
            Some(Wish::Found) => autostart.found(),
            Some(Wish::Rest) => autostart.rest(now),
            None => {}
        }
        let due = autostart.poll_timeout().is_some_and(|at| at <= now);
        let mut news = Vec::new();
        if due && autostart.look(now) == Look::Listening {
            news.push(StartNews::Listening);
        }
        if autostart.last_error() != told.as_deref() {
            told = autostart.last_error().map(str::to_owned);
            news.push(StartNews::Error(told.clone()));
        }
        if let Some(words) = autostart.take_unusable() {
            autostart.rest(now);
            news.push(StartNews::Unusable(words));
        }
        if news.into_iter().any(|report| reports.blocking_send(report).is_err()) {
            return;
        }
    }
}

//! The store, as its owner sees it: nothing here waits for the disk but opening and closing.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use exai_journal::{JournalError, Row, Store};
use exai_wire::{CallId, Epoch, JournalId, Record};

use crate::error::OpenError;
use crate::mailbox::{Mailbox, Work};
use crate::open::{self, Opened};
use crate::options::Options;
use crate::place::Place;
use crate::reader::{self, Desk};
use crate::turns::SqliteTurns;
use crate::writer;

/// What the store and its threads share.
pub(crate) struct Shared {
    pub(crate) mailbox: Mailbox,
    pub(crate) desk: Desk,
    outbox: Mutex<VecDeque<(u64, Result<(), JournalError>)>>,
    pub(crate) groups: AtomicU64,
    damaged: AtomicU64,
    wake: Box<dyn Fn() + Send + Sync>,
    fatal: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shared {
    /// Tells the owner that there is something to poll.
    pub(crate) fn wake(&self) {
        (self.wake)();
    }

    /// Tells the process that what is on the disk can't be known any more.
    pub(crate) fn fatal(&self, why: &str) {
        (self.fatal)(why);
    }

    /// Counts an end that is there and makes no sense. It concerns its call alone, so nothing ends by it.
    pub(crate) fn damaged(&self) -> Option<Record> {
        self.damaged.fetch_add(1, Ordering::Relaxed);
        None
    }

    pub(crate) fn decide(&self, decisions: impl IntoIterator<Item = (u64, Result<(), JournalError>)>) {
        self.outbox().extend(decisions);
    }

    /// No operation leaves it half changed.
    fn outbox(&self) -> MutexGuard<'_, VecDeque<(u64, Result<(), JournalError>)>> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A journal on a disk. Dropped, it is closed: what was submitted is written first.
#[derive(Debug)]
pub struct SqliteStore {
    journal_id: JournalId,
    epoch: Epoch,
    file: PathBuf,
    rows: Vec<Row>,
    unknown_rows: u64,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the journal of a state directory, or makes one, and begins an epoch. The caller holds the directory's lock.
    ///
    /// `wake` is called, by threads of the store, whenever there is something to poll. `fatal` is called with a sentence when
    /// it can't be known any more what is on the disk; whoever promises things by this journal ends at once then, and the
    /// store refuses everything from there on.
    ///
    /// # Errors
    /// [`OpenError`], a sentence that says what to do.
    pub fn open(
        options: Options,
        wake: impl Fn() + Send + Sync + 'static,
        fatal: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, OpenError> {
        let place = Place::in_dir(&options.dir);
        let Opened { conn, journal_id, epoch, found } = open::open(&place)?;
        let shared = Arc::new(Shared {
            mailbox: Mailbox::default(),
            desk: Desk::default(),
            outbox: Mutex::default(),
            groups: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            wake: Box::new(wake),
            fatal: Box::new(fatal),
        });
        let (rows, unknown_rows) = (found.rows, found.unknown);
        let mut store = Self {
            journal_id,
            epoch,
            file: place.file.clone(),
            rows,
            unknown_rows,
            shared: Arc::clone(&shared),
            threads: Vec::new(),
        };
        let file = place.file.clone();
        let for_reader = Arc::clone(&shared);
        store.spawn("journal-reader", &place, move || reader::run(&file, &for_reader))?;
        let at = place.clone();
        store.spawn("journal", &place, move || writer::run(&conn, &at, epoch, &options, &shared))?;
        Ok(store)
    }

    fn spawn(
        &mut self,
        name: &str,
        place: &Place,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), OpenError> {
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| OpenError::io(&place.file, "its thread can't be started", &error))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Rows that this release does not understand, and leaves as they are.
    pub fn unknown_rows(&self) -> u64 {
        self.unknown_rows
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Its conversations, for any thread.
    pub fn turns(&self) -> SqliteTurns {
        SqliteTurns::new(self.file.clone(), Arc::clone(&self.shared))
    }

    /// To look at it from elsewhere.
    pub fn gauge(&self) -> Gauge {
        Gauge(Arc::clone(&self.shared))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shared.desk.close();
        self.shared.mailbox.close();
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Store for SqliteStore {
    fn identity(&self) -> (JournalId, Epoch) {
        (self.journal_id, self.epoch)
    }

    fn take_rows(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    fn submit(&mut self, ticket: u64, record: Record) {
        // It is closed only when it is dropped.
        self.shared.mailbox.put(Work::Record(ticket, record));
    }

    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)> {
        self.shared.outbox().pop_front()
    }

    fn fetch(&mut self, call_id: CallId) {
        self.shared.desk.ask(call_id);
    }

    fn poll_fetched(&mut self) -> Option<(CallId, Option<Record>)> {
        self.shared.desk.take()
    }

    fn behind(&self) -> Option<Duration> {
        self.shared.mailbox.waiting_since().map(|since| since.elapsed())
    }
}

/// A look at a store from another thread; cheap, and never waits for the disk.
#[derive(Debug, Clone)]
pub struct Gauge(Arc<Shared>);

impl Gauge {
    /// Since when the oldest record waits that is not decided. A disk that hangs shows here.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.0.mailbox.waiting_since()
    }

    /// Kept ends that were asked for and are damaged: their calls are answered as if they were buried.
    pub fn damaged(&self) -> u64 {
        self.0.damaged.load(Ordering::Relaxed)
    }

    /// Transactions committed since the store was opened.
    pub fn groups(&self) -> u64 {
        self.0.groups.load(Ordering::Relaxed)
    }
}

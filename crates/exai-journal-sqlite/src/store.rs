//! The store, as its owner sees it: nothing here waits for the disk but opening and closing.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use exai_journal::{JournalError, Row, Store};
use exai_wire::{CallId, Epoch, JournalId, Record};

use crate::error::OpenError;
use crate::mailbox::{Mailbox, Work};
use crate::memos::SqliteMemos;
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
    wake: Box<dyn Fn() + Send + Sync>,
    odd: Box<dyn Fn(&str) + Send + Sync>,
    fatal: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shared {
    pub(crate) fn new(
        wake: impl Fn() + Send + Sync + 'static,
        odd: impl Fn(&str) + Send + Sync + 'static,
        fatal: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            mailbox: Mailbox::default(),
            desk: Desk::default(),
            outbox: Mutex::default(),
            wake: Box::new(wake),
            odd: Box::new(odd),
            fatal: Box::new(fatal),
        }
    }

    /// Tells the owner that there is something to poll.
    pub(crate) fn wake(&self) {
        (self.wake)();
    }

    /// Tells the owner of something that is wrong and ends nothing.
    pub(crate) fn odd(&self, what: &str) {
        (self.odd)(what);
    }

    /// Tells the process that what is on the disk can't be known any more.
    pub(crate) fn fatal(&self, why: &str) {
        (self.fatal)(why);
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
    reader: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the journal of a state directory, or makes one, and begins an epoch. The caller holds the directory's lock.
    ///
    /// `wake` is called, by threads of the store, whenever there is something to poll. `on_odd` is called with a sentence about
    /// what is wrong and ends nothing, once each: an end that is damaged, a disk that can't be read for now. `fatal` is called
    /// with one when it can't be known any more what is on the disk; whoever promises things by this journal ends at once
    /// then, and the store refuses everything from there on, or leaves it unanswered.
    ///
    /// # Errors
    /// [`OpenError`], a sentence that says what to do.
    pub fn open(
        options: Options,
        wake: impl Fn() + Send + Sync + 'static,
        on_odd: impl Fn(&str) + Send + Sync + 'static,
        fatal: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, OpenError> {
        let place = Place::in_dir(&options.dir);
        let Opened { conn, journal_id, epoch, found, odd } = open::open(&place)?;
        let for_reading = reader::open(&place)?;
        let shared = Arc::new(Shared::new(wake, on_odd, fatal));
        if let Some(odd) = odd {
            shared.odd(&odd);
        }
        let (rows, unknown_rows) = (found.rows, found.unknown);
        let mut store = Self {
            journal_id,
            epoch,
            file: place.file.clone(),
            rows,
            unknown_rows,
            shared: Arc::clone(&shared),
            reader: None,
            writer: None,
        };
        let file = place.file.clone();
        let for_reader = Arc::clone(&shared);
        let read = move || reader::run(&for_reading, &file, &for_reader);
        store.reader = Some(spawn("exai-journal-reader", &place, guarded(&shared, read))?);
        let at = place.clone();
        let for_writer = Arc::clone(&shared);
        let write = move || writer::run(&conn, &at, epoch, &options, &for_writer);
        store.writer = Some(spawn("exai-journal", &place, guarded(&shared, write))?);
        Ok(store)
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

    /// Its memos, for any thread.
    pub fn memos(&self) -> SqliteMemos {
        SqliteMemos::new(self.file.clone(), Arc::clone(&self.shared))
    }
}

/// A thread that panics decides and answers nothing any more, and whoever waits for it would wait for ever.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fatal("a thread of the journal has panicked");
        }
    }
}

fn guarded(shared: &Arc<Shared>, run: impl FnOnce() + Send + 'static) -> impl FnOnce() + Send + 'static {
    let guard = Guard(Arc::clone(shared));
    move || {
        let _guard = guard;
        run();
    }
}

fn spawn(
    name: &str,
    place: &Place,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    let thread = Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(|error| OpenError::io(&place.file, "its thread can't be started", &error))
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // One that panicked has said so. The writer closes the file last: only it can empty the log.
        self.shared.desk.close();
        let _ = self.reader.take().map(JoinHandle::join);
        self.shared.mailbox.close();
        let _ = self.writer.take().map(JoinHandle::join);
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

#[cfg(test)]
mod tests;

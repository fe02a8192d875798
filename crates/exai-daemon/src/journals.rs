//! Which journal this daemon works with: the one on the disk of its state directory; one in memory where no state directory is
//! known; none where there should be one and it can't be used.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use exai_journal::{Durable, Journal, Memos, ModelDisk, ModelStore, Pace, Store};
use exai_journal_sqlite::{Options, SqliteArchive, SqliteStore};
use exai_session::{Keeping, RecoveredCall};
use exai_settings::Settings;
use exai_wire::{JournalId, KeptFrame};
use tokio::sync::{Notify, mpsc};

use crate::event::Event;
use crate::kept::Shelf;
use crate::last_words::last_words;
use crate::random;
use crate::snapshot::JournalStore;

/// How long the id of a call is remembered after its answer is gone.
const BURIED_FOR: Duration = Duration::from_secs(24 * 3600);

/// Any journal.
pub type AnyStore = Box<dyn Store + Send>;

/// What was opened.
pub(crate) struct Opened {
    /// The journal.
    pub(crate) journal: Journal<AnyStore>,
    /// What it held.
    pub(crate) calls: Vec<RecoveredCall<Durable<KeptFrame>>>,
    /// The same journal, to look at.
    pub(crate) shelf: Shelf,
    /// What it keeps beside calls and conversations.
    pub(crate) memos: Arc<dyn Memos>,
    /// Where it is.
    pub(crate) store: JournalStore,
    /// Told when it has decided on something.
    pub(crate) news: Arc<Notify>,
}

/// Opens the journal of a state directory, which this daemon has locked; `None`: there is none.
///
/// # Errors
/// Where the operating system gives no randomness.
pub(crate) fn open(
    dir: Option<&Path>,
    settings: &Settings,
    around: Option<fn(AnyStore) -> AnyStore>,
) -> std::io::Result<Opened> {
    let news = Arc::new(Notify::new());
    let Some(dir) = dir else {
        tracing::warn!("no state directory: calls, answers and conversations are kept in memory only");
        return in_memory(news, JournalStore::Memory);
    };
    let waker = Arc::clone(&news);
    match SqliteStore::open(options(dir, settings), move || waker.notify_one(), warn, die) {
        Ok(store) => {
            if store.unknown_rows() > 0 {
                tracing::warn!(
                    rows = store.unknown_rows(),
                    "records of an unknown kind are left as they are"
                );
            }
            let found = JournalStore::Disk { path: store.path().display().to_string() };
            let shelf = Shelf { archive: Arc::new(SqliteArchive::of(dir)), turns: Arc::new(store.turns()) };
            let memos = Arc::new(store.memos());
            let store: AnyStore = Box::new(store);
            let store = match around {
                Some(around) => around(store),
                None => store,
            };
            Ok(recovered(Journal::new(store), found, Kept { shelf, memos }, news))
        }
        Err(error) => {
            tracing::error!(code = error.fault.code(), %error, "no call is taken");
            let (path, why) = (error.path.display().to_string(), error.to_string());
            in_memory(news, JournalStore::Unusable { path, why })
        }
    }
}

fn warn(what: &str) {
    tracing::warn!(what, "the journal is not as it should be");
}

/// What is on the disk can't be known any more, so nothing that was or will be said can be vouched for. The next start reads
/// what is there.
fn die(why: &str) {
    tracing::error!(why, "the journal failed, ending at once");
    last_words(format_args!("exai daemon: the journal failed, ending at once: {why}"));
    std::process::abort();
}

/// How often it is looked whether a journal that could not be used can be after all.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks now and then, and says when it is so; each look may block on the disk.
pub(crate) async fn await_usable(dir: PathBuf, settings: Settings, events: mpsc::Sender<Event>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let options = options(&dir, &settings);
        let look =
            tokio::task::spawn_blocking(move || SqliteStore::open(options, || {}, |_| {}, |_| {}).is_ok());
        if look.await.is_ok_and(|usable| usable) {
            // The hub that hears this, or is gone.
            let _ = events.send(Event::JournalUsable).await;
            return;
        }
    }
}

fn options(dir: &Path, settings: &Settings) -> Options {
    let mib = |size: u32| u64::from(size) << 20;
    let journal = &settings.journal;
    Options {
        bytes_max: mib(journal.size_mib),
        turns_bytes_max: mib(journal.conversations_mib),
        ..Options::new(dir)
    }
}

fn in_memory(news: Arc<Notify>, found: JournalStore) -> std::io::Result<Opened> {
    let disk = Arc::new(ModelDisk::default());
    let store = ModelStore::open(JournalId::from_bytes(random::bytes()?), &disk, Pace::AtOnce);
    let shelf = Shelf { archive: Arc::clone(&disk) as _, turns: disk };
    let memos = Arc::new(store.memos());
    Ok(recovered(Journal::new(Box::new(store)), found, Kept { shelf, memos }, news))
}

/// What of a journal is read beside it.
struct Kept {
    shelf: Shelf,
    memos: Arc<dyn Memos>,
}

fn recovered(mut journal: Journal<AnyStore>, store: JournalStore, kept: Kept, news: Arc<Notify>) -> Opened {
    let found = journal.recover();
    for error in found.unreadable.iter().take(10) {
        tracing::warn!(%error, "a record of the journal is left aside");
    }
    let calls = found.calls.into_iter().map(|(kept, accepted)| RecoveredCall { kept, accepted }).collect();
    let Kept { shelf, memos } = kept;
    Opened { journal, calls, shelf, memos, store, news }
}

/// How long and how much is kept.
pub(crate) fn keeping(settings: &Settings) -> Keeping {
    let journal = &settings.journal;
    Keeping {
        acked: journal.keep_delivered,
        unacked: journal.keep_undelivered,
        buried: BURIED_FOR,
        adopt: journal.adopt_within.unwrap_or_default(),
        bytes: (journal.size_mib as usize) << 20,
    }
}

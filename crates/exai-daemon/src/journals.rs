//! Which journal this daemon works with: the one on the disk of its state directory; one in memory where no state directory is
//! known; none where there should be one and it can't be used.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use exai_journal::{Durable, Journal, ModelDisk, ModelStore, Pace, Store, Turns};
use exai_journal_sqlite::{Options, SqliteStore};
use exai_session::{Keeping, RecoveredCall};
use exai_settings::Settings;
use exai_wire::{JournalId, KeptFrame};
use tokio::sync::{Notify, mpsc};

use crate::event::Event;
use crate::random;

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
    /// Conversations in it.
    pub(crate) turns: Arc<dyn Turns>,
    /// Told when it has decided on something.
    pub(crate) news: Arc<Notify>,
    /// Why it can't be used.
    pub(crate) unusable: Option<String>,
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
        return in_memory(news, None);
    };
    let waker = Arc::clone(&news);
    match SqliteStore::open(options(dir, settings), move || waker.notify_one(), die) {
        Ok(store) => {
            let turns = Arc::new(store.turns());
            let store: AnyStore = Box::new(store);
            let store = match around {
                Some(around) => around(store),
                None => store,
            };
            Ok(recovered(Journal::new(store), turns, news))
        }
        Err(error) => {
            tracing::error!(code = error.fault.code(), %error, "no call is taken");
            in_memory(news, Some(error.to_string()))
        }
    }
}

/// What is on the disk can't be known any more, so nothing that was or will be said can be vouched for. The next start reads
/// what is there.
fn die(why: &str) {
    tracing::error!(why, "the journal failed, ending at once");
    eprintln!("exai daemon: the journal failed, ending at once: {why}");
    std::process::abort();
}

/// How often it is looked whether a journal that could not be used can be after all.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks now and then, and says when it is so; each look may block on the disk.
pub(crate) async fn await_usable(dir: PathBuf, settings: Settings, events: mpsc::Sender<Event>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let options = options(&dir, &settings);
        let look = tokio::task::spawn_blocking(move || SqliteStore::open(options, || {}, |_| {}).is_ok());
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

fn in_memory(news: Arc<Notify>, unusable: Option<String>) -> std::io::Result<Opened> {
    let disk = ModelDisk::default();
    let store = ModelStore::open(JournalId::from_bytes(random::bytes()?), &disk, Pace::AtOnce);
    let opened = recovered(Journal::new(Box::new(store)), Arc::new(disk), news);
    Ok(Opened { unusable, ..opened })
}

fn recovered(mut journal: Journal<AnyStore>, turns: Arc<dyn Turns>, news: Arc<Notify>) -> Opened {
    let found = journal.recover();
    for error in found.unreadable.iter().take(10) {
        tracing::warn!(%error, "a record of the journal is left aside");
    }
    let calls = found.calls.into_iter().map(|(kept, accepted)| RecoveredCall { kept, accepted }).collect();
    Opened { journal, calls, turns, news, unusable: None }
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

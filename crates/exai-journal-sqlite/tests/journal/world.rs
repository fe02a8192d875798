//! Both stores, seen the same way.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use exai_journal::{
    Committed, Durable, Journal, JournalError, Memo, Memos, ModelDisk, ModelStore, Pace, Store, Turns,
};
use exai_journal_sqlite::{Options, SqliteStore};
use exai_wire::{
    Asked, Attempt, CallId, Class, ConversationKey, End, Fingerprint, JournalId, Kept, KeptFrame, Outcome,
    Record, SessionId, Turn, TurnPlace,
};
use serde_json::value::RawValue;

pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

pub(crate) fn id(n: u64) -> CallId {
    CallId::from_bytes(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes())
}

pub(crate) fn key(n: u8) -> ConversationKey {
    ConversationKey::from_bytes([n; 16])
}

pub(crate) fn accepted(n: u64) -> Record {
    accepted_with(n, "{\"name\":\"chat\"}")
}

pub(crate) fn accepted_with(n: u64, params: &str) -> Record {
    let asked = Asked {
        session: SessionId::from_bytes([7; 16]),
        fingerprint: Fingerprint::from_bytes(*id(n).as_bytes()),
        adopt_key: None,
        adopts: None,
        method: "tools/call".into(),
        tool: "chat".into(),
        class: Class::Metered,
        at_ms: 1000,
        remaining_ms: 60_000,
        attempts_before: 0,
        params: raw(params),
    };
    Record::Accepted { call_id: id(n), asked }
}

pub(crate) fn started(n: u64, attempt: u32, continues: u64) -> Record {
    let (provider, model) = ("sim".to_owned(), "m1".to_owned());
    Record::Started {
        call_id: id(n),
        attempt: Attempt { n: attempt, provider, model, continues, at_ms: 1100 },
    }
}

pub(crate) fn partial(n: u64, attempt: u32, offset: u64, text: &str) -> Record {
    Record::Partial { call_id: id(n), attempt, offset, text: text.to_owned() }
}

pub(crate) fn done(n: u64) -> Record {
    done_with(n, &format!("{{\"n\":{n}}}"))
}

pub(crate) fn done_with(n: u64, body: &str) -> Record {
    let end = End { attempts: 1, outcome: Outcome::Ok, at_ms: 2000 + n, spent: None };
    Record::Done { call_id: id(n), end, body: raw(body), turn: None }
}

/// A call that ends with a turn of a conversation, at a moment.
pub(crate) fn turn(n: u64, conversation: ConversationKey, at_ms: u64, body: &str) -> Record {
    turn_at(TurnPlace::First, n, conversation, at_ms, body)
}

/// The same, for one that was asked behind others.
pub(crate) fn next_turn(n: u64, conversation: ConversationKey, at_ms: u64, body: &str) -> Record {
    turn_at(TurnPlace::Next, n, conversation, at_ms, body)
}

fn turn_at(place: TurnPlace, n: u64, conversation: ConversationKey, at_ms: u64, body: &str) -> Record {
    let end = End { attempts: 1, outcome: Outcome::Ok, at_ms, spent: None };
    let turn = Some(Turn { conversation, place, body: raw(body) });
    Record::Done { call_id: id(n), end, body: raw("{}"), turn }
}

pub(crate) fn acked(n: u64) -> Record {
    Record::Acked { call_id: id(n), at_ms: 5 }
}

pub(crate) fn buried(n: u64) -> Record {
    Record::Buried { call_id: id(n), at_ms: 9 }
}

pub(crate) fn forgotten(n: u64) -> Record {
    Record::Forgotten { call_id: id(n) }
}

pub(crate) fn memo(until_ms: u64, body: &str) -> Option<Memo> {
    Some(Memo { until_ms, body: body.to_owned() })
}

/// Names, moments and bodies of all memos.
pub(crate) fn told(memos: &dyn Memos) -> Vec<String> {
    let all = memos.all().unwrap();
    all.into_iter().map(|(name, memo)| format!("{name} {} {}", memo.until_ms, memo.body)).collect()
}

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

/// A place where journals are opened, one after the other.
pub(crate) trait World {
    type Store: Store;

    fn open(&self) -> Desk<Self::Store>;

    fn turns(&self, desk: &mut Desk<Self::Store>) -> Box<dyn Turns>;

    fn memos(&self, desk: &mut Desk<Self::Store>) -> Box<dyn Memos>;

    /// What is on the disk now, on a disk of its own: what a crash leaves.
    fn crashed(&self) -> Self;
}

/// A journal, and how to wait for it.
pub(crate) struct Desk<S> {
    pub(crate) journal: Journal<S>,
    bell: Option<Receiver<()>>,
    next: u64,
}

/// Longer than any disk of a test takes.
const PATIENCE: Duration = Duration::from_secs(30);

impl<S: Store> Desk<S> {
    pub(crate) fn submit(&mut self, record: Record) -> u64 {
        self.next += 1;
        self.journal.submit(self.next, record);
        self.next
    }

    /// The next decision.
    pub(crate) fn decision(&mut self) -> Committed {
        self.wait(Journal::poll_committed)
    }

    pub(crate) fn fetched(&mut self, n: u64) -> Option<KeptFrame> {
        self.journal.fetch(id(n));
        let (call_id, frame) = self.wait(Journal::poll_fetched);
        assert_eq!(call_id, id(n));
        frame.as_ref().map(Durable::as_ref).cloned()
    }

    fn wait<T>(&mut self, poll: impl Fn(&mut Journal<S>) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = poll(&mut self.journal) {
                return found;
            }
            let bell = self.bell.as_ref().expect("a store without threads has decided");
            bell.recv_timeout(until.saturating_duration_since(Instant::now())).expect("a decision in time");
        }
    }

    /// Submits all and waits until each is durable.
    pub(crate) fn keep(&mut self, records: impl IntoIterator<Item = Record>) {
        let refused: Vec<_> = self.decide(records).into_iter().flatten().collect();
        assert!(refused.is_empty(), "{refused:?}");
    }

    /// Submits all and waits until each is decided; why they were refused, if they were.
    pub(crate) fn decide(&mut self, records: impl IntoIterator<Item = Record>) -> Vec<Option<JournalError>> {
        let tickets: Vec<_> = records.into_iter().map(|record| self.submit(record)).collect();
        let decided = tickets.into_iter().map(|ticket| {
            let decision = self.decision();
            assert_eq!(decision.ticket, ticket, "in order of submission");
            decision.result.err()
        });
        decided.collect()
    }

    pub(crate) fn calls(&mut self) -> Vec<Kept> {
        let recovered = self.journal.recover();
        assert!(recovered.unreadable.is_empty(), "{:?}", recovered.unreadable);
        recovered.calls.into_iter().map(|(call, _)| call).collect()
    }
}

/// The model.
pub(crate) struct Memory(pub(crate) ModelDisk, pub(crate) Pace);

impl World for Memory {
    type Store = ModelStore;

    fn open(&self) -> Desk<ModelStore> {
        let store = ModelStore::open(JournalId::from_bytes([1; 16]), &self.0, self.1);
        Desk { journal: Journal::new(store), bell: None, next: 0 }
    }

    fn turns(&self, _: &mut Desk<ModelStore>) -> Box<dyn Turns> {
        Box::new(self.0.clone())
    }

    fn memos(&self, desk: &mut Desk<ModelStore>) -> Box<dyn Memos> {
        Box::new(desk.journal.store_mut().memos())
    }

    fn crashed(&self) -> Self {
        Self(self.0.copy(), self.1)
    }
}

/// A directory.
pub(crate) struct Disk {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) options: Options,
    /// What stores said about a disk whose state can't be known.
    pub(crate) fatal: Arc<Mutex<Vec<String>>>,
    /// What they said about what ends nothing.
    pub(crate) odd: Arc<Mutex<Vec<String>>>,
}

impl Default for Disk {
    fn default() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // No test but those of a full disk needs it.
        let options = Options { reserve_bytes: 0, ..Options::new(dir.path()) };
        Self { dir, options, fatal: Arc::default(), odd: Arc::default() }
    }
}

impl Disk {
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("journal.db")
    }

    pub(crate) fn store(&self) -> (SqliteStore, Receiver<()>) {
        // One is enough: who hears it polls until there is nothing left.
        let (ring, bell) = sync_channel(1);
        let fatal = Arc::clone(&self.fatal);
        let wake = move || {
            let _ = ring.try_send(());
        };
        let on_fatal = move |why: &str| fatal.lock().unwrap().push(why.to_owned());
        let odd = Arc::clone(&self.odd);
        let on_odd = move |what: &str| odd.lock().unwrap().push(what.to_owned());
        (SqliteStore::open(self.options.clone(), wake, on_odd, on_fatal).unwrap(), bell)
    }
}

impl World for Disk {
    type Store = SqliteStore;

    fn open(&self) -> Desk<SqliteStore> {
        let (store, bell) = self.store();
        Desk { journal: Journal::new(store), bell: Some(bell), next: 0 }
    }

    fn turns(&self, desk: &mut Desk<SqliteStore>) -> Box<dyn Turns> {
        Box::new(desk.journal.store_mut().turns())
    }

    fn memos(&self, desk: &mut Desk<SqliteStore>) -> Box<dyn Memos> {
        Box::new(desk.journal.store_mut().memos())
    }

    fn crashed(&self) -> Self {
        let copy = Self::default();
        copy_files(self.dir.path(), copy.dir.path());
        copy
    }
}

/// The files of a journal as they are, while it is in use.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let name = format!("journal.db{suffix}");
        if from.join(&name).exists() {
            std::fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

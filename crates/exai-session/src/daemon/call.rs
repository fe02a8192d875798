//! The table of calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_wire::{AdoptKey, CallId, Class, Fingerprint, Outcome, SessionId, Spent, Texts};

use super::event::{Before, Finished};

/// Text of answers on their way that is held for whoever comes to a call that was left, all calls together: hundreds of
/// long answers. What goes beyond is in the journal alone.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Where a call stands.
#[derive(Debug)]
pub(super) enum Phase<D> {
    /// The same was asked by somebody whose connection is lost; whether that call can be taken over is not clear yet.
    Considering,
    /// Read; its record is on the way to the journal, or about to be.
    Accepting(Ahead),
    /// Kept, and nobody is there for whom it would run.
    Parked,
    /// With the executor.
    Running,
    /// Gets the answer of the call that it follows.
    Following,
    /// Its end is on the way to the journal.
    Ending,
    /// Ended; the result is delivered to whoever asks.
    Done(Done<D>),
    /// Ended long ago; only its id is left, so that it does not run again.
    Buried,
}

/// The end of a call. Moments are milliseconds of wall time: they may lie before this start.
#[derive(Debug)]
pub(super) struct Done<D> {
    /// The sealed result, as long as somebody is likely to ask for it; the journal has it in any case.
    pub(super) sealed: Option<D>,
    pub(super) outcome: Outcome,
    pub(super) bytes: usize,
    pub(super) at_ms: u64,
    pub(super) acked_ms: Option<u64>,
    /// Whose host asked; `None` for a cancel that came before its call.
    pub(super) owner: Option<SessionId>,
}

/// How far the executor is with a call whose record is not durable yet.
#[derive(Debug)]
pub(super) enum Ahead {
    /// It does not have it.
    No,
    /// It has it.
    Runs,
    /// It has ended it, without an attempt.
    Ended(Finished),
}

/// A cancel that came while the record was on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Run,
    Cancel,
}

#[derive(Debug)]
pub(super) struct Entry<D> {
    pub(super) class: Class,
    /// `None` for a cancel that came before its call.
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) adopt_key: Option<AdoptKey>,
    /// The call whose answer it takes over.
    pub(super) follows: Option<CallId>,
    /// Its answer is another call's by now.
    pub(super) adopted: bool,
    /// Its host was answered otherwise.
    pub(super) detached: bool,
    pub(super) phase: Phase<D>,
    pub(super) wish: Wish,
    /// Attempts begun over the call's whole life, other starts and journals included.
    pub(super) attempts: u32,
    /// The highest number of which this journal has the start, but for that of `unused` until it begins again.
    pub(super) started: u32,
    /// The number of one that cost nothing, by the word of an earlier start.
    pub(super) unused: Option<u32>,
    /// The one that may be with a provider at this moment.
    pub(super) under_way: Option<u32>,
    /// Those of them that an orderly drain cut.
    pub(super) cuts: u32,
    /// Attempts of earlier starts, for the result to tell of.
    pub(super) before: Vec<Before>,
    /// What its attempts have brought.
    pub(super) texts: Texts,
    /// Bytes of kept text that the newest of them goes on from.
    pub(super) continues: u64,
    /// Its answer was delivered before it could be kept, and reached its host.
    pub(super) acked_early: bool,
    /// Who was asked last.
    pub(super) model: Option<(String, String)>,
    /// Who was asked by each attempt of this start.
    pub(super) asked: BTreeMap<u32, (String, String)>,
    /// An attempt whose start is on its way to the journal.
    pub(super) starting: bool,
    /// Name of the tool, for people.
    pub(super) tool: String,
    /// Params, until the executor has them.
    pub(super) work: Option<Work>,
    /// Sessions whose host waits for the answer; none once it is over and told.
    pub(super) waiters: BTreeSet<SessionId>,
    /// Sessions on whose behalf new attempts may begin: waiters, and those that were answered otherwise.
    pub(super) sponsors: BTreeSet<SessionId>,
    pub(super) since: Duration,
    /// When it was taken, in milliseconds of wall time.
    pub(super) asked_ms: u64,
    /// By when the executor must have ended it; earlier than the shim's own deadline.
    pub(super) deadline: Duration,
    pub(super) deadline_told: bool,
    /// What it cost, once it has ended and where that was told.
    pub(super) spent: Option<Spent>,
    /// When its end was handed to the journal, in milliseconds of wall time.
    pub(super) ended_ms: u64,
    /// When it was buried, likewise.
    pub(super) buried_ms: u64,
    /// The sealed `accepted`, for those who join.
    pub(super) accepted: Option<D>,
}

/// What the executor needs.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) session: SessionId,
    /// Whether it stands in the account of that session.
    pub(super) counted: bool,
    pub(super) method: String,
    pub(super) params: Box<serde_json::value::RawValue>,
}

impl<D> Entry<D> {
    /// A call that begins at this moment, taken for nobody yet.
    pub(super) fn new(
        class: Class,
        phase: Phase<D>,
        since: Duration,
        asked_ms: u64,
        deadline: Duration,
    ) -> Self {
        Self {
            class,
            fingerprint: None,
            adopt_key: None,
            follows: None,
            adopted: false,
            detached: false,
            phase,
            wish: Wish::Run,
            attempts: 0,
            started: 0,
            unused: None,
            under_way: None,
            cuts: 0,
            before: Vec::new(),
            texts: Texts::default(),
            continues: 0,
            acked_early: false,
            model: None,
            asked: BTreeMap::new(),
            starting: false,
            tool: String::new(),
            work: None,
            waiters: BTreeSet::new(),
            sponsors: BTreeSet::new(),
            since,
            asked_ms,
            deadline,
            deadline_told: false,
            spent: None,
            ended_ms: 0,
            buried_ms: 0,
            accepted: None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done(_) | Phase::Buried)
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// With the executor, whether promised already or not.
    pub(super) fn is_at_work(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Accepting(Ahead::Runs))
    }

    /// Whether an attempt of it may begin: none is about to, and it is not about to be cancelled.
    pub(super) fn may_ask(&self) -> bool {
        self.is_at_work() && !self.starting && self.wish == Wish::Run
    }

    pub(super) fn is_parked(&self) -> bool {
        matches!(self.phase, Phase::Parked)
    }

    /// Neither over nor waiting for somebody to come.
    fn is_in_flight(&self) -> bool {
        !self.is_over() && !self.is_parked()
    }
}

#[derive(Debug)]
pub(super) struct Calls<D> {
    known: BTreeMap<CallId, Entry<D>>,
    /// Those in flight, oldest first. The others stay for hours, so nothing that is asked often may walk them all.
    in_flight: BTreeSet<(Duration, CallId)>,
    parked: BTreeSet<CallId>,
    /// Bytes of all texts.
    text_bytes: usize,
    by_adopt_key: BTreeMap<AdoptKey, BTreeSet<CallId>>,
}

impl<D> Default for Calls<D> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            parked: BTreeSet::new(),
            text_bytes: 0,
            by_adopt_key: BTreeMap::new(),
        }
    }
}

impl<D> Calls<D> {
    pub(super) fn get(&self, call_id: CallId) -> Option<&Entry<D>> {
        self.known.get(&call_id)
    }

    /// For everything but the phase; see [`Calls::set_phase`].
    pub(super) fn get_mut(&mut self, call_id: CallId) -> Option<&mut Entry<D>> {
        self.known.get_mut(&call_id)
    }

    /// Takes a piece of an answer on its way. Beyond the bound it is left out, and with it what comes after.
    pub(super) fn add_text(&mut self, call_id: CallId, attempt: u32, offset: u64, text: &str) {
        if self.text_bytes + text.len() > TEXT_BYTES_MAX {
            return;
        }
        if let Some(entry) = self.known.get_mut(&call_id) {
            self.text_bytes -= entry.texts.bytes();
            entry.texts.add(attempt, entry.continues, offset, text);
            self.text_bytes += entry.texts.bytes();
        }
    }

    /// Takes a call that is not known yet.
    pub(super) fn insert(&mut self, call_id: CallId, entry: Entry<D>) {
        self.text_bytes += entry.texts.bytes();
        if let Some(key) = entry.adopt_key {
            self.by_adopt_key.entry(key).or_default().insert(call_id);
        }
        self.known.insert(call_id, entry);
        self.sort(call_id);
    }

    pub(super) fn remove(&mut self, call_id: CallId) -> Option<Entry<D>> {
        let entry = self.known.remove(&call_id)?;
        self.text_bytes -= entry.texts.bytes();
        self.in_flight.remove(&(entry.since, call_id));
        self.parked.remove(&call_id);
        self.unlist(call_id, entry.adopt_key);
        Some(entry)
    }

    /// Moves a call on.
    pub(super) fn set_phase(&mut self, call_id: CallId, phase: Phase<D>) {
        let Some(entry) = self.known.get_mut(&call_id) else { return };
        entry.phase = phase;
        if entry.is_over() {
            entry.work = None;
            self.text_bytes -= std::mem::take(&mut entry.texts).bytes();
            entry.before = Vec::new();
            entry.waiters.clear();
            entry.sponsors.clear();
        }
        let buried_key = entry.adopt_key.filter(|_| matches!(entry.phase, Phase::Buried));
        self.unlist(call_id, buried_key);
        self.sort(call_id);
    }

    /// The host of a call has its answer: the next one that asks the same is not given it any more.
    pub(super) fn delivered(&mut self, call_id: CallId) {
        let key = self.known.get(&call_id).and_then(|entry| entry.adopt_key);
        self.unlist(call_id, key);
    }

    fn unlist(&mut self, call_id: CallId, key: Option<AdoptKey>) {
        if let Some(key) = key
            && let Some(ids) = self.by_adopt_key.get_mut(&key)
        {
            ids.remove(&call_id);
            if ids.is_empty() {
                self.by_adopt_key.remove(&key);
            }
        }
    }

    fn sort(&mut self, call_id: CallId) {
        let Some(entry) = self.known.get(&call_id) else { return };
        let (in_flight, parked) = (entry.is_in_flight(), entry.is_parked());
        let place = (entry.since, call_id);
        if in_flight {
            self.in_flight.insert(place);
        } else {
            self.in_flight.remove(&place);
        }
        if parked {
            self.parked.insert(call_id);
        } else {
            self.parked.remove(&call_id);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub(super) fn oldest(&self) -> Option<Duration> {
        self.in_flight.first().map(|(since, _)| *since)
    }

    /// Calls in flight.
    pub(super) fn live(&self) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        self.in_flight.iter().filter_map(|(_, call_id)| Some((*call_id, self.known.get(call_id)?)))
    }

    /// Calls that wait for somebody to come.
    pub(super) fn parked(&self) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        self.parked.iter().filter_map(|call_id| Some((*call_id, self.known.get(call_id)?)))
    }

    /// Calls that were asked under this key, the oldest id first.
    pub(super) fn asked_as(&self, key: AdoptKey) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        let ids = self.by_adopt_key.get(&key).into_iter().flatten();
        ids.filter_map(|call_id| Some((*call_id, self.known.get(call_id)?)))
    }

    /// Every call that is known.
    pub(super) fn iter(&self) -> impl Iterator<Item = (CallId, &Entry<D>)> {
        self.known.iter().map(|(call_id, entry)| (*call_id, entry))
    }

    /// How many are known.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Does something with each call that is not over.
    pub(super) fn each_live(&mut self, mut what: impl FnMut(CallId, &mut Entry<D>)) {
        let live = self.in_flight.iter().map(|(_, call_id)| call_id).chain(&self.parked);
        for call_id in live {
            if let Some(entry) = self.known.get_mut(call_id) {
                what(*call_id, entry);
            }
        }
    }
}

/// An MCP result that tells of a failure.
pub(super) fn error_body(outcome: Outcome, sentence: &str) -> Finished {
    let body = serde_json::json!({ "content": [{ "type": "text", "text": sentence }], "isError": true });
    let body = serde_json::value::to_raw_value(&body).unwrap_or_default();
    Finished { outcome, body, turn: None, spent: None }
}

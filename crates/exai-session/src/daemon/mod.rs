//! The daemon's end: all sessions, all calls.
//!
//! Invariants: nothing that speaks of kept state is transmitted but out of a journal's seal `D`; a call id is known from
//! the moment its frame is read, so the same id never runs twice; at most one live connection a session; every wait
//! (hello, silence, absence, retention) is ended by [`DaemonEnd::handle_timeout`].

mod account;
mod adopt;
mod ahead;
mod body;
mod boot;
mod call;
mod cancel;
mod commit;
mod connection;
mod drain;
mod event;
mod execute;
mod fetch;
mod hello;
mod intake;
mod list;
mod lone;
mod out;
mod park;
mod retention;
mod session;
mod strain;

pub use event::{
    AbortReason, AttemptDenied, AttemptFate, Before, CallClass, CommitResult, DaemonConfig, DaemonEvent,
    DrainPlan, Finished, Keeping, NotKept, PeerConn, RecoveredCall, Ticket, Vitals,
};
pub use list::{CallHead, CallList, CallState};
pub use strain::Strain;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use exai_wire::{CallId, DaemonFrame, DaemonState, Hello, KeptFrame, SessionId};

use call::Calls;
use connection::Conn;
use drain::Drain;
use session::{Departed, Session};

/// Grid of the timers. Everything that is timed here is counted in seconds, and one scan every quarter of a second
/// is cheaper than a timer for each of a thousand connections.
const TICK: Duration = Duration::from_millis(250);

/// All sessions and calls of one daemon start. `D` is a journal's seal around a [`KeptFrame`].
#[derive(Debug)]
pub struct DaemonEnd<D, C> {
    config: DaemonConfig,
    class: C,
    conns: BTreeMap<PeerConn, Conn>,
    sessions: BTreeMap<SessionId, Session>,
    calls: Calls<D>,
    /// Hellos that name calls whose record is on its way to the journal.
    greeting: Vec<(PeerConn, Hello)>,
    tickets: BTreeMap<Ticket, commit::Pending>,
    next_ticket: u64,
    retries: Vec<commit::Retry>,
    refusals: strain::Refusals,
    vitals: Vitals,
    drain: Option<Drain>,
    next_tick: Option<Duration>,
    next_retention: Duration,
    next_followed: Duration,
    /// Kept results of live sessions take all the room there is.
    full: bool,
    /// Ends that are being read from the journal, and for whom.
    fetching: BTreeMap<CallId, fetch::Wanted>,
    /// Answers that were delivered although the journal could not take them.
    told_unkept: BTreeSet<CallId>,
    /// Calls whose record waits for the start of their first attempt.
    held: ahead::Held,
    lone: lone::Lone,
    /// Calls that the executor is about to leave.
    leaving: BTreeSet<CallId>,
    /// Bytes of text on its way to the journal.
    partial_bytes: usize,
    /// When this daemon began.
    booted: Duration,
    /// Sessions that have ended; one that comes back has lost nothing by standing here.
    left: Departed,
    out: out::Out,
    events: VecDeque<DaemonEvent>,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// A daemon that knows of nothing yet.
    pub fn new(config: DaemonConfig, class: C) -> Self {
        Self {
            config,
            class,
            conns: BTreeMap::new(),
            sessions: BTreeMap::new(),
            calls: Calls::default(),
            greeting: Vec::new(),
            tickets: BTreeMap::new(),
            next_ticket: 1,
            retries: Vec::new(),
            refusals: strain::Refusals::default(),
            vitals: Vitals { stalled: false, lag_ms: 0 },
            drain: None,
            next_tick: None,
            next_retention: Duration::ZERO,
            next_followed: Duration::ZERO,
            full: false,
            fetching: BTreeMap::new(),
            told_unkept: BTreeSet::new(),
            held: ahead::Held::default(),
            lone: lone::Lone::default(),
            leaving: BTreeSet::new(),
            partial_bytes: 0,
            booted: Duration::ZERO,
            left: Departed::default(),
            out: out::Out::default(),
            events: VecDeque::new(),
        }
    }

    /// The daemon's condition has been measured.
    pub fn set_vitals(&mut self, _now: Duration, vitals: Vitals) {
        self.vitals = vitals;
    }

    /// A moment given by `poll_timeout` has come.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.release_due(now);
        self.step_drain(now);
        self.next_alone(now);
        if self.next_tick.is_some_and(|at| at > now) {
            return;
        }
        self.sweep_connections(now);
        self.sweep_sessions(now);
        self.sweep_calls(now);
        self.retry_commits(now);
        self.refusals.sweep(now);
        let idle = self.conns.is_empty() && self.sessions.is_empty() && self.calls.is_empty();
        let idle = idle && self.refusals.is_empty();
        self.next_tick = (!idle).then_some(now + TICK);
    }

    /// When to call `handle_timeout` next.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let drain = self.drain.as_ref().and_then(Drain::next_due);
        [self.next_tick, drain, self.held.next_due(), self.lone.next_due()].into_iter().flatten().min()
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self) -> Option<(PeerConn, String)> {
        self.out.pop()
    }

    /// The next thing to do.
    pub fn poll_event(&mut self) -> Option<DaemonEvent> {
        self.events.pop_front()
    }

    /// State to be told: ready, busy, stalled or draining.
    pub fn state(&self) -> DaemonState {
        // A daemon that turns everybody away is not ready, and makes no progress.
        let turns_away = self.config.unusable.is_some() || self.strain().is_some();
        let stalled = self.vitals.stalled || turns_away;
        event::state(self.drain.is_some(), Vitals { stalled, ..self.vitals }, self.in_flight())
    }

    /// Calls that are accepted or run, of all sessions.
    pub fn in_flight(&self) -> usize {
        self.calls.in_flight()
    }

    /// Age of the oldest of them.
    pub fn oldest(&self, now: Duration) -> Option<Duration> {
        self.calls.oldest().map(|since| now.saturating_sub(since))
    }

    /// Milliseconds of wall time since 1970, by this process's clock.
    fn wall_ms(&self, now: Duration) -> u64 {
        let since = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.config.unix_start_ms.saturating_add(since)
    }

    /// Sessions that are connected or were within the last 20 s.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.conns.len()
    }

    /// Arms the timer grid; whoever adds something timed calls it.
    fn arm(&mut self, now: Duration) {
        self.next_tick.get_or_insert(now + TICK);
    }

    /// Writes a frame. A connection that has asked for more than it is given at a time is closed; it asks for the rest when
    /// it is back.
    fn send(&mut self, now: Duration, conn: PeerConn, frame: &DaemonFrame) {
        let Some(open) = self.conns.get_mut(&conn) else { return };
        if self.out.has_room(conn) {
            open.last_sent = now;
            self.out.push(conn, frame.encode());
        } else {
            self.close(now, conn, connection::CLOSE_CROWDED, "you asked for too much at a time");
        }
    }

    /// Connections of those who wait for a call.
    fn waiting_conns(&self, call_id: CallId) -> Vec<PeerConn> {
        let waiters = self.calls.get(call_id).into_iter().flat_map(|call| &call.waiters);
        waiters.filter_map(|session| self.sessions.get(session)?.conn).collect()
    }

    fn tell_waiters(&mut self, now: Duration, call_id: CallId, frame: &DaemonFrame) {
        for conn in self.waiting_conns(call_id) {
            self.send(now, conn, frame);
        }
    }
}

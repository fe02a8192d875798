//! The handshake: who is it, which version, and what does it believe to be open.

use std::collections::BTreeSet;
use std::time::Duration;

use exai_wire::{
    CallId, DaemonFrame, Hello, KeptFrame, KnownCall, OpenCall, PROTO, Reconnect, Reject, RejectCode,
    SessionId, Welcome,
};

use super::DaemonEnd;
use super::call::{Entry, Phase};
use super::connection::{BEAT, CLOSE_FENCED};
use super::event::{CallClass, DaemonEvent, PeerConn};
use super::intake::{ATTEMPTS_SEEN_MAX, executor_time};
use super::session::Session;

/// Dials of n sessions spread over n milliseconds, within these bounds.
const CAP_MIN_MS: u64 = 250;
const CAP_MAX_MS: u64 = 2_000;
const BASE_MS: u64 = 50;
/// Calls that a shim can have open.
const OPEN_MAX: usize = 1000;

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn hello(&mut self, now: Duration, conn: PeerConn, mut hello: Hello) {
        if let Some(open) = self.conns.get_mut(&conn) {
            open.greeted = true;
        }
        let objection = self.objection(&hello);
        // One that is listed twice would be answered twice.
        let mut listed = BTreeSet::new();
        hello.open.retain(|open| listed.insert(open.call_id));
        if let Some(reject) = objection {
            self.reject(now, conn, reject);
        } else if self.waits_for_journal(&hello) {
            self.fence(now, &hello);
            self.greeting.push((conn, hello));
        } else {
            self.fence(now, &hello);
            self.welcome(now, conn, &hello);
        }
    }

    fn objection(&self, hello: &Hello) -> Option<Reject> {
        let plain = |code, message: String| Reject { code, message, retry_after_ms: None, supported: None };
        if hello.proto.common(PROTO).is_none() {
            let message = format!(
                "this daemon (exai {}) speaks session protocol {} to {}, the shim (exai {}) {} to {}: install the same \
                 release of both",
                self.config.version,
                PROTO.min,
                PROTO.max,
                hello.shim.version,
                hello.proto.min,
                hello.proto.max
            );
            return Some(Reject { supported: Some(PROTO), ..plain(RejectCode::Version, message) });
        }
        if hello.open.len() > OPEN_MAX {
            let message =
                format!("{} calls are said to be open; a session has {OPEN_MAX} at most", hello.open.len());
            return Some(plain(RejectCode::Malformed, message));
        }
        if let Some(why) = &self.config.unusable {
            return Some(plain(RejectCode::JournalUnusable, why.clone()));
        }
        if self.drain.is_some() {
            return Some(plain(RejectCode::Draining, "the daemon is about to stop".to_owned()));
        }
        let known = self.sessions.get(&hello.session)?;
        let fenced = hello.dial_no <= known.dial_no;
        fenced.then(|| plain(RejectCode::Fenced, "a later dial of this session is known".to_owned()))
    }

    /// Gives the session to this dial: an older connection is closed, and nothing it still sends is read.
    fn fence(&mut self, now: Duration, hello: &Hello) {
        let fresh =
            Session { dial_no: hello.dial_no, conn: None, lost_at: Some(now), in_flight: 0, bytes: 0 };
        let session = self.sessions.entry(hello.session).or_insert(fresh);
        session.dial_no = hello.dial_no;
        let older = session.conn.take();
        session.lost_at.get_or_insert(now);
        let greeting =
            self.greeting.iter().find(|(_, other)| other.session == hello.session).map(|(conn, _)| *conn);
        for conn in [older, greeting].into_iter().flatten() {
            self.close(now, conn, CLOSE_FENCED, "the session has dialled anew");
        }
    }

    /// What is called known must be durable, so a hello waits for records on their way.
    fn waits_for_journal(&self, hello: &Hello) -> bool {
        let on_its_way = |entry: &Entry<D>| matches!(entry.phase, Phase::Accepting(_));
        hello.open.iter().any(|open| self.calls.get(open.call_id).is_some_and(on_its_way))
    }

    /// Whether a hello of this session waits.
    pub(super) fn greets(&self, session: SessionId) -> bool {
        self.greeting.iter().any(|(_, hello)| hello.session == session)
    }

    /// Known, and kept. One that waits until it is clear whether it takes something over is not: it will be sent again, and
    /// joined; a hello that waited for that would wait longer than a shim does.
    fn is_known(&self, call_id: CallId) -> bool {
        self.calls.get(call_id).is_some_and(|entry| !matches!(entry.phase, Phase::Considering))
    }

    /// Called after every commit.
    pub(super) fn greet_waiting(&mut self, now: Duration) {
        if self.greeting.is_empty() {
            return;
        }
        let (waiting, ready): (Vec<_>, Vec<_>) = std::mem::take(&mut self.greeting)
            .into_iter()
            .partition(|(_, hello)| self.waits_for_journal(hello));
        self.greeting = waiting;
        for (conn, hello) in ready {
            self.welcome(now, conn, &hello);
        }
    }

    fn welcome(&mut self, now: Duration, conn: PeerConn, hello: &Hello) {
        let Some(open) = self.conns.get_mut(&conn) else { return };
        open.session = Some(hello.session);
        if let Some(session) = self.sessions.get_mut(&hello.session) {
            session.conn = Some(conn);
            session.lost_at = None;
        }
        let calls = hello.open.iter();
        let calls = calls.map(|open| KnownCall { call_id: open.call_id, known: self.is_known(open.call_id) });
        let welcome = Welcome {
            proto: hello.proto.common(PROTO).unwrap_or(PROTO.max),
            journal: self.config.journal,
            epoch: self.config.epoch,
            start: Some(self.config.start),
            version: self.config.version.clone(),
            calls: calls.collect(),
            catalogue_hash: self.config.catalogue_hash.clone(),
            limits: self.config.limits,
            beat_ms: u64::try_from(BEAT.as_millis()).unwrap_or(u64::MAX),
            reconnect: self.reconnect(),
            state: self.state(),
        };
        self.send(now, conn, &DaemonFrame::Welcome(welcome));
        self.events.push_back(DaemonEvent::Joined { session: hello.session, about: about(hello) });
        self.resume(now, hello);
        // One that waited for the journal may come into a drain.
        self.send_away(now, conn);
    }

    fn reconnect(&self) -> Reconnect {
        let sessions = u64::try_from(self.sessions.len()).unwrap_or(u64::MAX);
        Reconnect { base_ms: BASE_MS, cap_ms: sessions.clamp(CAP_MIN_MS, CAP_MAX_MS) }
    }

    fn resume(&mut self, now: Duration, hello: &Hello) {
        // Whatever it does not list it has answered otherwise; the frame that said so may have been lost.
        let listed: BTreeSet<CallId> = hello.open.iter().map(|open| open.call_id).collect();
        self.calls.each_live(|call_id, entry| {
            if !listed.contains(&call_id) {
                entry.waiters.remove(&hello.session);
            }
        });
        for open in &hello.open {
            if open.cancelled {
                self.cancel(now, hello.session, open.call_id);
            } else {
                self.bring_back(now, hello.session, open);
            }
        }
    }

    /// The shim waits for a call that is known here, and knows more of it than a journal restored from an old copy.
    fn bring_back(&mut self, now: Duration, session: SessionId, open: &OpenCall) {
        // An attempt that cost nothing is none where journal and shim agree on it. Where the shim has seen another begin under its
        // number, the journal is an old copy.
        let entry = self.calls.get(open.call_id);
        let agrees = entry.is_some_and(|entry| entry.unused == Some(open.attempts_seen));
        let attempts_seen = open.attempts_seen.saturating_sub(u32::from(open.attempt_unused && agrees));
        self.brought(now, open.call_id, attempts_seen, open.remaining_ms);
        self.join(now, session, open.call_id);
        self.replay(now, session, open.call_id);
    }

    /// What a shim knows of a parked call that it comes for.
    pub(super) fn brought(&mut self, now: Duration, call_id: CallId, attempts_seen: u32, remaining_ms: u64) {
        let deadline = now + executor_time(Duration::from_millis(remaining_ms));
        if let Some(entry) = self.calls.get_mut(call_id).filter(|entry| entry.is_parked()) {
            if attempts_seen > entry.started {
                entry.attempts = entry.attempts.max(attempts_seen.min(ATTEMPTS_SEEN_MAX));
            }
            entry.deadline = deadline;
        }
    }

    /// The shim leaves.
    pub(super) fn bye(&mut self, now: Duration, conn: PeerConn, session: SessionId) {
        self.close(now, conn, super::connection::CLOSE_BYE, "bye");
        self.leave(&BTreeSet::from([session]));
    }
}

fn about(hello: &Hello) -> String {
    let host =
        hello.host.as_ref().map_or_else(String::new, |host| format!(" host={}/{}", host.name, host.version));
    format!("shim={}/{} pid={}{host}", hello.shim.name, hello.shim.version, hello.shim.pid)
}

//! Sessions: shim processes, which outlive their connections.

use std::collections::BTreeSet;
use std::time::Duration;

use exai_wire::{CallId, DialNo, KeptFrame, SessionId};

use super::DaemonEnd;
use super::call::Entry;
use super::event::{AbortReason, CallClass, DaemonEvent, PeerConn};

/// After this long without a connection no new attempt begins on a session's behalf.
const ABSENT_AFTER: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Session {
    /// Highest number seen: lower and equal ones are refused.
    pub(super) dial_no: DialNo,
    pub(super) conn: Option<PeerConn>,
    pub(super) lost_at: Option<Duration>,
    /// Calls of this session in flight, with the bytes of their params.
    pub(super) in_flight: u32,
    pub(super) bytes: u64,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn sweep_sessions(&mut self, now: Duration) {
        let absent = |session: &Session| session.lost_at.is_some_and(|at| at + ABSENT_AFTER <= now);
        let gone: BTreeSet<SessionId> =
            self.sessions.iter().filter(|(_, session)| absent(session)).map(|(id, _)| *id).collect();
        self.leave(&gone);
    }

    /// These sessions are gone: what runs for them may finish, nothing new begins on their behalf.
    pub(super) fn leave(&mut self, gone: &BTreeSet<SessionId>) {
        if gone.is_empty() {
            return;
        }
        self.calls.each_live(|_, entry| {
            entry.waiters.retain(|session| !gone.contains(session));
            entry.sponsors.retain(|session| !gone.contains(session));
        });
        self.drop_orphans();
        for session in gone {
            if self.sessions.remove(session).is_some() {
                self.events.push_back(DaemonEvent::Left { session: *session });
            }
        }
    }

    /// Calls that nobody stands behind and that have asked no provider yet only take the places of others.
    fn drop_orphans(&mut self) {
        let orphaned = |entry: &Entry<D>| {
            entry.is_running() && entry.sponsors.is_empty() && entry.attempts == 0 && !entry.starting
        };
        let orphans: Vec<CallId> =
            self.calls.live().filter(|(_, entry)| orphaned(entry)).map(|(call_id, _)| call_id).collect();
        for call_id in orphans {
            self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Orphaned });
            self.forget(call_id);
        }
    }

    /// Joins a call: its result goes to this session too.
    pub(super) fn join(&mut self, session: SessionId, call_id: CallId) {
        if let Some(entry) = self.calls.get_mut(call_id).filter(|entry| !entry.is_over()) {
            entry.waiters.insert(session);
            entry.sponsors.insert(session);
        }
    }
}

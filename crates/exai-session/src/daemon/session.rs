//! Sessions: shim processes, which outlive their connections.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use exai_wire::{CallId, Class, DialNo, KeptFrame, SessionId};

use super::DaemonEnd;
use super::call::{Entry, Phase};
use super::event::{AbortReason, CallClass, DaemonEvent, PeerConn};

/// After this long without a connection no new attempt begins on a session's behalf.
pub(super) const ABSENT_AFTER: Duration = Duration::from_secs(20);
/// Sessions that are remembered as ended. Only those of the last seconds matter; hosts start a few shims a minute.
const DEPARTED_MAX: usize = 256;

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

/// Sessions that have ended, the newest of them.
#[derive(Debug, Default)]
pub(super) struct Departed(VecDeque<SessionId>);

impl Departed {
    pub(super) fn insert(&mut self, session: SessionId) {
        self.0.push_back(session);
        if self.0.len() > DEPARTED_MAX {
            self.0.pop_front();
        }
    }

    pub(super) fn contains(&self, session: &SessionId) -> bool {
        self.0.contains(session)
    }
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn sweep_sessions(&mut self, now: Duration) {
        let absent = |session: &Session| session.lost_at.is_some_and(|at| at + ABSENT_AFTER <= now);
        // One whose hello waits for the disk is there.
        let gone = self.sessions.iter().filter(|(id, session)| absent(session) && !self.greets(**id));
        let gone: BTreeSet<SessionId> = gone.map(|(id, _)| *id).collect();
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
            self.left.insert(*session);
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
        let orphans = self.calls.live().filter(|(_, entry)| orphaned(entry));
        let orphans: Vec<(CallId, Class)> = orphans.map(|(call_id, entry)| (call_id, entry.class)).collect();
        let left = self
            .calls
            .live()
            .filter(|(_, entry)| matches!(entry.phase, Phase::Following) && entry.sponsors.is_empty());
        let left: Vec<CallId> = left.map(|(call_id, _)| call_id).collect();
        for call_id in left {
            self.wait_parked(call_id);
        }
        for (call_id, class) in orphans {
            if class == Class::Pure {
                self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Orphaned });
                self.forget(call_id);
            } else {
                self.park(call_id, AbortReason::Orphaned);
            }
        }
    }

    /// Joins a call: its result goes to this session too.
    pub(super) fn join(&mut self, now: Duration, session: SessionId, call_id: CallId) {
        if let Some(entry) = self.calls.get_mut(call_id).filter(|entry| !entry.is_over()) {
            entry.waiters.insert(session);
            entry.sponsors.insert(session);
            self.unpark(now, session, call_id);
        }
    }
}

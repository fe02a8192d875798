//! Kept results that are read from the journal when somebody comes for them.

use std::collections::BTreeSet;
use std::time::Duration;

use exai_wire::{CallId, DaemonFrame, KeptFrame, Outcome, RefusedCode, ResultFrame, SessionId};

use super::DaemonEnd;
use super::call::Phase;
use super::event::{CallClass, PeerConn};

/// Who wants a result that is being read.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) sessions: BTreeSet<SessionId>,
    pub(super) followers: BTreeSet<CallId>,
}

const EXPIRED: &str = "the answer of this call was delivered, or kept for its time, and is gone";

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Delivers a recorded result again, where there is one.
    pub(super) fn replay(&mut self, now: Duration, session: SessionId, call_id: CallId) {
        let Some(conn) = self.sessions.get(&session).and_then(|open| open.conn) else { return };
        match self.calls.get_mut(call_id).map(|entry| &mut entry.phase) {
            Some(Phase::Done(done)) => {
                // Until he has it, nobody else takes it over.
                if done.acked_ms.is_none() && done.outcome != Outcome::Cancelled {
                    done.owner.get_or_insert(session);
                }
                match done.sealed.as_ref().map(AsRef::as_ref) {
                    Some(KeptFrame::Result(result)) => {
                        let result = result.clone();
                        self.repeat(now, conn, result);
                    }
                    _ => self.fetch_for(call_id, Some(session), None),
                }
            }
            Some(Phase::Buried) => {
                self.refuse(now, conn, call_id, RefusedCode::UnknownCall, EXPIRED, None);
            }
            _ => {}
        }
    }

    fn repeat(&mut self, now: Duration, conn: PeerConn, mut result: ResultFrame) {
        result.replayed = true;
        self.send(now, conn, &DaemonFrame::Result(result));
    }

    /// The journal has read the end of a call; `None`: it is not kept.
    pub fn fetched(&mut self, now: Duration, call_id: CallId, sealed: Option<D>) {
        let Some(wanted) = self.fetching.remove(&call_id) else { return };
        let result = match sealed.as_ref().map(AsRef::as_ref) {
            Some(KeptFrame::Result(result)) => Some(result.clone()),
            _ => None,
        };
        for session in wanted.sessions {
            let Some(conn) = self.sessions.get(&session).and_then(|open| open.conn) else { continue };
            match &result {
                Some(result) => self.repeat(now, conn, result.clone()),
                None => self.refuse(now, conn, call_id, RefusedCode::UnknownCall, EXPIRED, None),
            }
        }
        for follower in wanted.followers {
            match &result {
                Some(result) => self.take_over(now, follower, call_id, result),
                None => self.run_alone(follower),
            }
        }
    }
}

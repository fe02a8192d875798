//! Frames from shims: routed, and calls taken, joined or refused.

use std::time::Duration;

use exai_wire::{
    Call, CallId, Class, DaemonFrame, KeptFrame, Outcome, Record, Refused, RefusedCode, SessionId, ShimFrame,
};

use super::DaemonEnd;
use super::call::{Entry, Phase, Work, error_body};
use super::event::{Before, CallClass, PeerConn};

/// Pause that a refusal for lack of room asks for.
const OVERLOADED_RETRY_MS: u64 = 500;
/// A drain lasts up to 9 s; the shim comes back with the connection's end, so this only bounds idle resends.
pub(super) const DRAINING_RETRY_MS: u64 = 1_000;

/// Part of the remaining time that the executor does not get, so that its last word (a partial answer, or that no
/// place became free) still reaches the host before the shim's own deadline: a tenth, at most 2 s.
const MARGIN_MAX: Duration = Duration::from_secs(2);

/// Most attempts that a shim can have seen: those that may fail, and those that drains may cut. A greater number is a
/// fault, and would be a list of that length.
pub(super) const ATTEMPTS_SEEN_MAX: u32 = 6;

/// What the executor gets of the time that a call has left.
pub(super) fn executor_time(remaining: Duration) -> Duration {
    remaining - (remaining / 10).min(MARGIN_MAX)
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// A text message arrived.
    pub fn frame(&mut self, now: Duration, conn: PeerConn, text: &str) {
        let Some(open) = self.conns.get(&conn) else { return };
        let (session, greeted) = (open.session, open.greeted);
        self.bytes_received(now, conn);
        match (ShimFrame::decode(text), session) {
            (Err(error), _) => self.reject_malformed(now, conn, &error.to_string()),
            (Ok(Some(ShimFrame::Hello(hello))), None) if !greeted => self.hello(now, conn, hello),
            (Ok(Some(ShimFrame::Hello(_))), _) => self.reject_malformed(now, conn, "a second hello"),
            (Ok(Some(_)), None) => self.reject_malformed(now, conn, "a frame before the welcome"),
            (Ok(Some(frame)), Some(session)) => self.route(now, conn, session, frame),
            (Ok(None), _) => {}
        }
    }

    fn route(&mut self, now: Duration, conn: PeerConn, session: SessionId, frame: ShimFrame) {
        match frame {
            ShimFrame::Call(call) => self.call(now, conn, session, call),
            ShimFrame::Attach(attach) => self.attach(now, conn, session, attach.call_id),
            ShimFrame::Cancel(cancel) => {
                self.cancel(now, session, cancel.call_id);
            }
            ShimFrame::Detach(detach) => self.detach(now, session, detach.call_id),
            ShimFrame::Ack(call_ids) => self.acked(now, &call_ids),
            ShimFrame::Bye(_) => self.bye(now, conn, session),
            ShimFrame::GetCatalogue => self.catalogue(now, conn),
            // Nothing here asks the host.
            ShimFrame::Answer(_) | ShimFrame::Beat | ShimFrame::Hello(_) => {}
        }
    }

    fn catalogue(&mut self, now: Duration, conn: PeerConn) {
        let (hash, tools) = (self.config.catalogue_hash.clone(), self.config.catalogue.clone());
        self.send(now, conn, &DaemonFrame::Catalogue(exai_wire::Catalogue { hash, tools }));
    }

    fn call(&mut self, now: Duration, conn: PeerConn, session: SessionId, call: Call) {
        if let Some(known) = self.calls.get(call.call_id) {
            let same = known.fingerprint.is_none_or(|fingerprint| fingerprint == call.fingerprint);
            if same {
                self.brought(now, call.call_id, call.attempts_seen, call.remaining_ms);
                self.attach(now, conn, session, call.call_id);
            } else {
                let message = "this call id was used with another payload";
                self.refuse(now, conn, call.call_id, RefusedCode::KeyReused, message, None);
            }
            return;
        }
        match self.admit(session, &call) {
            Ok(class) => self.take(now, session, call, class),
            Err((code, message, retry)) => self.refuse(now, conn, call.call_id, code, &message, retry),
        }
    }

    fn admit(&self, session: SessionId, call: &Call) -> Result<Class, (RefusedCode, String, Option<u64>)> {
        if self.drain.is_some() {
            let message = "the daemon is about to stop".to_owned();
            return Err((RefusedCode::Draining, message, Some(DRAINING_RETRY_MS)));
        }
        let class = self.class.class(&call.method, &call.params);
        let class = class.map_err(|message| (RefusedCode::Invalid, message, None))?;
        self.has_room(class).map_err(|(code, message)| (code, message, Some(OVERLOADED_RETRY_MS)))?;
        let limits = self.config.limits;
        let (calls, bytes) = self.sessions.get(&session).map_or((0, 0), |open| (open.in_flight, open.bytes));
        let more = u64::try_from(call.params.get().len()).unwrap_or(u64::MAX);
        // A single call is taken whatever its size, or it could never run.
        let too_many_bytes = calls > 0 && bytes.saturating_add(more) > limits.bytes;
        if calls >= limits.in_flight || too_many_bytes || self.in_flight() >= self.config.calls_max {
            let message = format!(
                "{calls} calls of this session are open (limit {}), {} of all sessions (limit {})",
                limits.in_flight,
                self.in_flight(),
                self.config.calls_max
            );
            return Err((RefusedCode::Overloaded, message, Some(OVERLOADED_RETRY_MS)));
        }
        Ok(class)
    }

    /// What is kept nowhere needs no room: `status` tells what is the matter while nothing else is taken.
    fn has_room(&self, class: Class) -> Result<(), (RefusedCode, String)> {
        if class == Class::Pure {
            Ok(())
        } else if self.refusals.is_behind() {
            let message = "the journal can't be written, and answers wait for it".to_owned();
            Err((RefusedCode::JournalUnavailable, message))
        } else if self.full {
            let message = "results that their hosts have not taken yet fill the journal".to_owned();
            Err((RefusedCode::JournalFull, message))
        } else {
            Ok(())
        }
    }

    fn take(&mut self, now: Duration, session: SessionId, call: Call, class: Class) {
        let Call { call_id, method, params, fingerprint, adopt_key, remaining_ms, .. } = call;
        let remaining = Duration::from_millis(remaining_ms);
        let doubtful = call.under.is_some_and(|under| under != self.config.journal || call.accepted_seen);
        let attempts = if doubtful { call.attempts_seen.min(ATTEMPTS_SEEN_MAX) } else { 0 };
        let mut entry =
            Entry::new(class, Phase::Considering, now, self.wall_ms(now), now + executor_time(remaining));
        entry.fingerprint = Some(fingerprint);
        entry.adopt_key = adopt_key.filter(|_| class != Class::Pure);
        entry.attempts = attempts;
        entry.before = (1..=attempts).map(Before::unknown).collect();
        entry.tool = self.class.tool(&params);
        entry.waiters.insert(session);
        entry.sponsors.insert(session);
        self.arm(now);
        entry.work = Some(Work { session, counted: false, method, params });
        self.calls.insert(call_id, entry);
        self.count(call_id);
        match class {
            Class::Pure => self.run(call_id),
            Class::Effect if doubtful => {
                self.conclude(now, call_id, error_body(Outcome::OutcomeUnknown, LOST));
            }
            Class::Effect | Class::Metered => self.consider(now, call_id),
        }
    }

    fn attach(&mut self, now: Duration, conn: PeerConn, session: SessionId, call_id: CallId) {
        let Some(entry) = self.calls.get(call_id) else {
            let message = "no such call is known: its answer was collected, or has expired";
            self.refuse(now, conn, call_id, RefusedCode::UnknownCall, message, None);
            return;
        };
        let accepted = entry.accepted.as_ref().map(|sealed| sealed.as_ref().clone());
        if let Some(accepted) = accepted {
            self.send(now, conn, &accepted.into());
        }
        self.join(now, session, call_id);
        self.replay(now, session, call_id);
    }

    /// The host of a call was answered otherwise. That may be said after the call has ended, and again, because the frame
    /// that said it first may have been lost with its connection.
    fn detach(&mut self, now: Duration, session: SessionId, call_id: CallId) {
        self.release(now, call_id);
        let Some(entry) = self.calls.get_mut(call_id).filter(|entry| entry.class != Class::Pure) else {
            return;
        };
        let waited = entry.waiters.remove(&session);
        let is_owner = match &mut entry.phase {
            Phase::Buried => false,
            Phase::Done(done) => done.owner.take_if(|owner| *owner == session).is_some(),
            _ => waited || entry.work.as_ref().is_some_and(|work| work.session == session),
        };
        // Of a call that is not on its way to the journal yet it is said behind it.
        let is_unwritten = matches!(entry.phase, Phase::Considering);
        if is_owner && !std::mem::replace(&mut entry.detached, true) && !is_unwritten {
            self.commit(Record::Detached { call_id, session });
            // Its host holds a handle and will come for it, as after a restart.
            if self.drain.is_none()
                && let Some(entry) = self.calls.get_mut(call_id).filter(|entry| entry.is_parked())
            {
                entry.sponsors.insert(session);
                self.unpark(now, session, call_id);
            }
        }
    }

    pub(super) fn refuse(
        &mut self,
        now: Duration,
        conn: PeerConn,
        call_id: CallId,
        code: RefusedCode,
        message: &str,
        retry_after_ms: Option<u64>,
    ) {
        let message = message.to_owned();
        self.send(now, conn, &DaemonFrame::Refused(Refused { call_id, code, message, retry_after_ms }));
    }
}

const LOST: &str = "This call was sent before the daemon lost its journal, so whether it ran can't be known. Look at \
                    its effects before you call it again.";

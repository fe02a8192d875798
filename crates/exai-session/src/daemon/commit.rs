//! Records on their way to the journal, and what follows once they are durable.

use std::time::Duration;

use exai_wire::{CallId, DaemonFrame, End, KeptFrame, Outcome, Record, RefusedCode, ResultFrame};

use super::DaemonEnd;
use super::body::with_note;
use super::call::{Ahead, Done, Phase, Wish};
use super::event::{
    AbortReason, AttemptDenied, CallClass, CommitResult, DaemonEvent, Finished, NotKept, Ticket,
};

/// Pause before the end of a call is tried again after the journal failed.
const RETRY: Duration = Duration::from_secs(1);
/// Pause that a refusal for a failing journal asks for.
const REFUSED_RETRY_MS: u64 = 1_000;

const NOT_KEPT: &str = "— not kept: the daemon's journal could not be written, so this answer can't be fetched again; free \
                        space where its state directory is.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Accepted,
    Started { attempt: u32 },
    Done,
    Partial { bytes: usize },
    Note,
}

/// A record that was handed to the journal. An end is kept here until it is durable.
#[derive(Debug)]
pub(super) struct Pending {
    call_id: CallId,
    kind: Kind,
    end: Option<Finished>,
}

impl Pending {
    pub(super) fn is_start_of(&self, call_id: CallId) -> bool {
        self.call_id == call_id && matches!(self.kind, Kind::Started { .. })
    }
}

/// An end that the journal failed to take.
#[derive(Debug)]
pub(super) struct Retry {
    at: Duration,
    call_id: CallId,
    end: Finished,
    /// Its waiters have it, marked, because its time was over.
    told: bool,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn commit(&mut self, record: Record) {
        let call_id = record.call_id();
        let (kind, end) = match &record {
            Record::Accepted { .. } => (Kind::Accepted, None),
            Record::Started { attempt, .. } => (Kind::Started { attempt: attempt.n }, None),
            Record::Done { end, body, turn, .. } => {
                let (outcome, spent) = (end.outcome, end.spent);
                let finished = Finished { outcome, body: body.clone(), turn: turn.clone(), spent };
                (Kind::Done, Some(finished))
            }
            Record::Partial { text, .. } => (Kind::Partial { bytes: text.len() }, None),
            _ => (Kind::Note, None),
        };
        if let Kind::Partial { bytes } = kind {
            self.partial_bytes += bytes;
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.tickets.insert(ticket, Pending { call_id, kind, end });
        self.events.push_back(DaemonEvent::Commit { ticket, record });
    }

    /// The journal reports on a record.
    pub fn committed(&mut self, now: Duration, ticket: Ticket, result: CommitResult<D>) {
        let Some(Pending { call_id, kind, end }) = self.tickets.remove(&ticket) else { return };
        match (kind, result) {
            (Kind::Accepted, CommitResult::Durable(Some(sealed))) => self.accepted(now, call_id, sealed),
            (Kind::Accepted, CommitResult::Failed(error)) => self.not_accepted(now, call_id, &error),
            (Kind::Started { attempt }, CommitResult::Durable(Some(sealed))) => {
                self.started(now, call_id, attempt, &sealed);
            }
            (Kind::Started { attempt }, CommitResult::Failed(error)) => {
                self.not_started(now, call_id, attempt, &error);
            }
            (Kind::Done, CommitResult::Durable(Some(sealed))) => {
                self.refusals.kept(call_id);
                self.told_unkept.remove(&call_id);
                self.done(now, call_id, sealed);
            }
            (Kind::Done, CommitResult::Failed(error)) => {
                let told = self.told_unkept.remove(&call_id);
                // Of a call that another daemon has by now, this one says nothing any more.
                let end = end.filter(|_| !error.usurped && self.calls.get(call_id).is_some());
                self.refusals.refused(now, end.as_ref().map(|_| call_id), &error);
                self.retries.extend(end.map(|end| Retry { at: now + RETRY, call_id, end, told }));
            }
            (Kind::Partial { bytes }, _) => self.partial_bytes = self.partial_bytes.saturating_sub(bytes),
            (_, CommitResult::Durable(None)) | (Kind::Note, _) => {}
        }
        self.greet_waiting(now);
    }

    fn accepted(&mut self, now: Duration, call_id: CallId, sealed: D) {
        let frame = sealed.as_ref().clone();
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        entry.accepted = Some(sealed);
        let wish = entry.wish;
        self.refusals.taken();
        let ahead = match &mut entry.phase {
            Phase::Accepting(ahead) => Some(std::mem::replace(ahead, Ahead::No)),
            _ => None,
        };
        self.tell_waiters(now, call_id, &frame.into());
        match (ahead, wish) {
            (None, _) => {}
            (Some(ahead), Wish::Run) => self.catch_up(now, call_id, ahead),
            (Some(_), Wish::Cancel) => self.end_cancelled(now, call_id),
        }
    }

    fn not_accepted(&mut self, now: Duration, call_id: CallId, error: &NotKept) {
        self.refuse_waiters(now, call_id, error);
        self.fall_back(call_id);
        self.leave_answer(call_id);
        self.forget(call_id);
    }

    fn started(&mut self, now: Duration, call_id: CallId, attempt: u32, sealed: &D) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        entry.started = entry.started.max(attempt);
        // Otherwise it was left meanwhile.
        if entry.attempts != attempt || !std::mem::replace(&mut entry.starting, false) {
            return;
        }
        let (running, awaited, class) = (entry.is_running(), !entry.sponsors.is_empty(), entry.class);
        if !running {
            return self.deny(call_id, AttemptDenied::Over);
        }
        let cut_off = self.is_cut_off(class);
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        if awaited && !cut_off {
            entry.under_way = Some(attempt);
            self.events.push_back(DaemonEvent::Go { call_id, attempt });
            return self.tell_waiters(now, call_id, &sealed.as_ref().clone().into());
        }
        // Nobody is there any more for whom it would be paid, or it would be cut at once. The number is written again.
        entry.attempts -= 1;
        self.commit(Record::Failed { call_id, attempt, billed: false });
        if cut_off {
            self.cut_one(now, call_id);
        } else {
            self.park(call_id, AbortReason::Orphaned);
        }
    }

    /// An attempt that the journal could not keep is not made. Its call waits for its shim, which brings it again until there
    /// is room or its time is over; nothing is paid meanwhile.
    fn not_started(&mut self, now: Duration, call_id: CallId, attempt: u32, error: &NotKept) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        if entry.attempts != attempt {
            return;
        }
        let asked = std::mem::replace(&mut entry.starting, false);
        // Also where the journal has this number: it is written again only after it has cost nothing.
        entry.attempts -= 1;
        if !asked {
            return;
        }
        if !entry.is_running() {
            return self.deny(call_id, AttemptDenied::Over);
        }
        self.park(call_id, AbortReason::Orphaned);
        self.refuse_waiters(now, call_id, error);
    }

    fn refuse_waiters(&mut self, now: Duration, call_id: CallId, error: &NotKept) {
        self.refusals.refused(now, None, error);
        for conn in self.waiting_conns(call_id) {
            let code = if error.full { RefusedCode::JournalFull } else { RefusedCode::JournalUnavailable };
            self.refuse(now, conn, call_id, code, &error.why, Some(REFUSED_RETRY_MS));
        }
    }

    fn done(&mut self, now: Duration, call_id: CallId, sealed: D) {
        let frame = sealed.as_ref().clone();
        let KeptFrame::Result(result) = &frame else { return };
        let Some(entry) = self.calls.get(call_id) else { return };
        let aborted = entry.wish == Wish::Cancel;
        // One that was left and come back for belongs to who waits now.
        let waits = entry.waiters.iter().find(|waiter| self.sessions.contains_key(waiter)).copied();
        let asked = entry.work.as_ref().map(|work| work.session);
        let owner = asked.and_then(|asked| if entry.detached { waits } else { Some(asked) });
        let (bytes, outcome, at_ms) = (result.body.get().len(), result.outcome, entry.ended_ms);
        let awaited = waits.is_some();
        self.uncount(call_id);
        if aborted {
            self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Cancelled });
        }
        let result = result.clone();
        self.tell_waiters(now, call_id, &frame.into());
        // What nobody waits for is read from the journal when somebody comes.
        let sealed = awaited.then_some(sealed);
        let done = Done { sealed, outcome, bytes, at_ms, acked_ms: None, owner };
        let acked_early = self.calls.get(call_id).is_some_and(|entry| entry.acked_early);
        self.calls.set_phase(call_id, Phase::Done(done));
        if acked_early {
            self.acked(now, &[call_id]);
        }
        self.tell_followers(now, call_id, &result);
    }

    /// Hands the end of a call to the journal; the call takes no other end from here on.
    pub(super) fn conclude(&mut self, now: Duration, call_id: CallId, finished: Finished) {
        let at_ms = self.wall_ms(now);
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        let Finished { outcome, body, turn, spent } = finished;
        (entry.spent, entry.ended_ms) = (spent, at_ms);
        let end = End { attempts: entry.attempts, outcome, at_ms, spent };
        self.no_longer_alone(call_id);
        self.calls.set_phase(call_id, Phase::Ending);
        self.commit(Record::Done { call_id, end, body, turn });
    }

    /// Tries again to keep the ends that the journal did not take. An answer whose time is over is delivered all the same,
    /// marked; should the journal take it later, it is kept after all.
    pub(super) fn retry_commits(&mut self, now: Duration) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.retries).into_iter().partition(|retry| retry.at <= now);
        self.retries = later;
        for Retry { call_id, end, told, .. } in due {
            let over = self.calls.get(call_id).is_some_and(|entry| entry.deadline <= now);
            // A cancel that is not kept is not confirmed: its shim would forget it, and the next daemon would not know of it.
            let tells = over && !told && end.outcome != Outcome::Cancelled;
            if tells {
                self.tell_unkept(now, call_id, &end);
            }
            if tells || told {
                self.told_unkept.insert(call_id);
            }
            self.conclude(now, call_id, end);
        }
    }

    fn tell_unkept(&mut self, now: Duration, call_id: CallId, end: &Finished) {
        let attempt = self.calls.get(call_id).map_or(0, |entry| entry.attempts);
        let (outcome, body) = (end.outcome, with_note(&end.body, NOT_KEPT));
        let frame = ResultFrame { call_id, attempt, outcome, body, replayed: false };
        self.tell_waiters(now, call_id, &DaemonFrame::Result(frame));
    }
}

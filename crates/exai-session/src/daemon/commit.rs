//! Records on their way to the journal, and what follows once they are durable.

use std::time::Duration;

use exai_wire::{CallId, KeptFrame, Record, RefusedCode};
use serde_json::value::RawValue;

use super::DaemonEnd;
use super::call::{Done, Phase, Wish};
use super::event::{AbortReason, AttemptDenied, CallClass, CommitResult, DaemonEvent, Finished, Ticket};

/// Pause before the end of a call is tried again after the journal failed.
const RETRY: Duration = Duration::from_secs(1);
/// Pause that a refusal for a failing journal asks for.
const REFUSED_RETRY_MS: u64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Accepted,
    Started { attempt: u32 },
    Done,
    Note,
}

/// A record that was handed to the journal. An end is kept here until it is durable.
#[derive(Debug)]
pub(super) struct Pending {
    call_id: CallId,
    kind: Kind,
    end: Option<Finished>,
}

/// An end that the journal failed to take.
#[derive(Debug)]
pub(super) struct Retry {
    at: Duration,
    call_id: CallId,
    end: Finished,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn commit(&mut self, call_id: CallId, record: Record) {
        let (kind, end) = match &record {
            Record::Accepted { .. } => (Kind::Accepted, None),
            Record::Started { attempt, .. } => (Kind::Started { attempt: *attempt }, None),
            Record::Done { outcome, body, .. } => {
                (Kind::Done, Some(Finished { outcome: *outcome, body: body.clone() }))
            }
            Record::Acked { .. } | Record::Detached { .. } => (Kind::Note, None),
        };
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
            (Kind::Started { .. }, CommitResult::Failed(_)) => self.deny(call_id, AttemptDenied::NotKept),
            (Kind::Done, CommitResult::Durable(Some(sealed))) => self.done(now, call_id, sealed),
            (Kind::Done, CommitResult::Failed(_)) => {
                self.retries.extend(end.map(|end| Retry { at: now + RETRY, call_id, end }));
            }
            (_, CommitResult::Durable(None)) | (Kind::Note, _) => {}
        }
        self.greet_waiting(now);
    }

    fn accepted(&mut self, now: Duration, call_id: CallId, sealed: D) {
        let frame = sealed.as_ref().clone();
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        entry.accepted = Some(sealed);
        entry.phase = Phase::Running;
        let wish = entry.wish;
        self.tell_waiters(now, call_id, &frame.into());
        match wish {
            Wish::Run => self.run(call_id),
            Wish::Cancel => self.conclude_cancelled(call_id),
        }
    }

    fn not_accepted(&mut self, now: Duration, call_id: CallId, error: &str) {
        for conn in self.waiting_conns(call_id) {
            let code = RefusedCode::JournalUnavailable;
            self.refuse(now, conn, call_id, code, error, Some(REFUSED_RETRY_MS));
        }
        self.uncount(call_id);
        self.calls.remove(call_id);
    }

    fn started(&mut self, now: Duration, call_id: CallId, attempt: u32, sealed: &D) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        entry.starting = false;
        if entry.is_running() {
            self.events.push_back(DaemonEvent::Go { call_id, attempt });
            self.tell_waiters(now, call_id, &sealed.as_ref().clone().into());
        } else {
            self.deny(call_id, AttemptDenied::Over);
        }
    }

    fn done(&mut self, now: Duration, call_id: CallId, sealed: D) {
        let frame = sealed.as_ref().clone();
        let KeptFrame::Result(result) = &frame else { return };
        let aborted = self.calls.get(call_id).is_some_and(|entry| entry.wish == Wish::Cancel);
        let bytes = result.body.get().len();
        let owner = self.calls.get(call_id).and_then(|entry| entry.work.as_ref()).map(|work| work.session);
        self.uncount(call_id);
        if aborted {
            self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Cancelled });
        }
        if self.calls.finish(call_id, Done { sealed, bytes, at: now, acked: None, owner }).is_some() {
            self.tell_waiters(now, call_id, &frame.into());
        }
        if let Some(entry) = self.calls.get_mut(call_id) {
            entry.waiters.clear();
            entry.sponsors.clear();
        }
    }

    /// Hands the end of a call to the journal; the call takes no other end from here on.
    pub(super) fn conclude(&mut self, call_id: CallId, end: Finished) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        entry.phase = Phase::Ending;
        let attempt = entry.attempts;
        let Finished { outcome, body } = end;
        self.commit(call_id, Record::Done { call_id, attempt, outcome, body });
    }

    pub(super) fn retry_commits(&mut self, now: Duration) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.retries).into_iter().partition(|retry| retry.at <= now);
        self.retries = later;
        for Retry { call_id, end, .. } in due {
            self.conclude(call_id, end);
        }
    }

    /// Adds a call to its session's account.
    pub(super) fn count(&mut self, session: exai_wire::SessionId, calls: u32, params: &RawValue) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.in_flight += calls;
            open.bytes += u64::try_from(params.get().len()).unwrap_or(u64::MAX);
        }
    }

    /// Takes a call off its session's account; done once, when its work is dropped.
    pub(super) fn uncount(&mut self, call_id: CallId) {
        let Some(work) = self.calls.get_mut(call_id).and_then(|entry| entry.work.take()) else { return };
        if let Some(open) = self.sessions.get_mut(&work.session) {
            open.in_flight = open.in_flight.saturating_sub(1);
            open.bytes =
                open.bytes.saturating_sub(u64::try_from(work.params.get().len()).unwrap_or(u64::MAX));
        }
    }
}

//! The calls of a session that wait for an end, in the order in which they came.

use std::collections::BTreeMap;
use std::time::Duration;

use exai_wire::{Attach, Call, CallId, JournalId, OpenCall, RefusedCode, ShimFrame};

use super::event::{EndWhy, NewCall, Past, TooMuch};

/// Open calls of one session. More than any host was seen to have in flight, by far.
const CALLS_MAX: usize = 1000;
/// Bytes of params held for them: four of the longest lines that are accepted.
const BYTES_MAX: usize = 64 << 20;

/// What goes out again when the daemon does not know the call.
#[derive(Debug)]
pub(super) enum Ask {
    Call(Box<NewCall>),
    Attach,
}

/// How far the daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Not connected since then.
    Away {
        since: Duration,
    },
    /// Connected, but about to stop.
    Leaving,
    TakesCalls,
}

#[derive(Debug)]
pub(super) struct Open {
    ask: Ask,
    /// Rises with each call: sends keep the host's order.
    order: u64,
    taken: Duration,
    deadline: Duration,
    /// How long it is held while the daemon is away.
    hold: Option<Duration>,
    /// The journal it was sent to; `None` while it provably has not run.
    pub(super) under: Option<JournalId>,
    pub(super) accepted_seen: bool,
    pub(super) attempts_seen: u32,
    /// The last of them cost nothing.
    pub(super) attempt_unused: bool,
    pub(super) cancelled: bool,
    /// The journal of the daemon it was last written to, and `attempts_seen` at that moment.
    exposed: Option<(JournalId, u32)>,
    /// After a `refused` that may pass: when to send again.
    pub(super) retry_at: Option<Duration>,
    /// The daemon's sentence then.
    pub(super) refusal: String,
}

impl Open {
    pub(super) fn past(&self) -> Past {
        let Self { under, accepted_seen, attempts_seen, exposed, .. } = *self;
        Past { under, accepted_seen, attempts_seen, exposed }
    }

    /// Held to the deadline from now on.
    pub(super) fn hold_on(&mut self) {
        self.hold = None;
    }

    fn bytes(&self) -> usize {
        match &self.ask {
            Ask::Call(call) => call.params.get().len(),
            Ask::Attach => 0,
        }
    }

    /// The call is about to be written to the daemon with this journal. Each daemon that had it and lost its journal
    /// may have begun an attempt that was never seen here, so each counts for one.
    pub(super) fn expose(&mut self, journal: JournalId) {
        if let Some((_, before)) = self.exposed.filter(|(other, _)| *other != journal) {
            self.attempts_seen = self.attempts_seen.max(before + 1);
        }
        self.exposed = Some((journal, self.attempts_seen));
        // A call that came from another journal keeps telling so until this one has accepted it: should this daemon
        // die before it has read the frame, the next one must still know that it may have run elsewhere.
        self.under.get_or_insert(journal);
        self.retry_at = None;
    }

    /// Refused by the daemon with this journal: provably not run there. What may have happened under another
    /// journal stays on record.
    pub(super) fn refused_under(&mut self, journal: Option<JournalId>, code: RefusedCode) {
        let is_kept = self.accepted_seen && self.under == journal;
        let says_nothing = match code {
            // It has run, perhaps, and was forgotten.
            RefusedCode::UnknownCall => matches!(self.ask, Ask::Call(_)),
            // That journal has it: it may run yet, when there is room, for whoever else wants it.
            RefusedCode::JournalFull | RefusedCode::JournalUnavailable => is_kept,
            _ => false,
        };
        if says_nothing {
            return;
        }
        if self.under == journal && !self.accepted_seen {
            self.under = None;
        }
        self.exposed = self.exposed.filter(|(last, _)| Some(*last) != journal);
    }

    /// The frame to send; `under` is the journal it was sent to before.
    pub(super) fn frame(&self, now: Duration, call_id: CallId, under: Option<JournalId>) -> ShimFrame {
        let Ask::Call(call) = &self.ask else { return ShimFrame::Attach(Attach { call_id }) };
        ShimFrame::Call(Call {
            call_id,
            method: call.method.clone(),
            params: call.params.clone(),
            fingerprint: call.fingerprint,
            adopt_key: call.adopt_key,
            remaining_ms: millis(self.deadline.saturating_sub(now)),
            under,
            accepted_seen: self.accepted_seen,
            attempts_seen: self.attempts_seen,
            trace: call.trace.clone(),
        })
    }

    /// When it is not held any longer by a daemon that has been away for so long.
    fn held_until(&self, away_since: Duration) -> Option<Duration> {
        self.hold.filter(|_| !self.cancelled).map(|hold| self.taken.max(away_since) + hold)
    }

    fn due(&self, now: Duration, away: Option<Away<'_>>) -> Option<EndWhy> {
        if self.deadline <= now {
            return Some(EndWhy::Deadline);
        }
        let Away { since, error } = away?;
        let over = self.held_until(since).is_some_and(|at| at <= now);
        over.then(|| EndWhy::OutOfReach(error.to_owned()))
    }
}

/// When a call came, and when it is to be ended without its result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) taken: Duration,
    pub(super) deadline: Duration,
    pub(super) hold: Option<Duration>,
}

/// Since when no daemon is in reach, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Away<'a> {
    pub(super) since: Duration,
    pub(super) error: &'a str,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    open: BTreeMap<CallId, Open>,
    bytes: usize,
    taken: u64,
}

impl Calls {
    pub(super) fn take(&mut self, now: Duration, call: NewCall) -> Result<(), TooMuch> {
        let times = Times { taken: now, deadline: call.deadline, hold: call.hold };
        let past = call.past;
        self.insert(call.call_id, Ask::Call(Box::new(call)), times, past)
    }

    pub(super) fn insert(
        &mut self,
        call_id: CallId,
        ask: Ask,
        times: Times,
        past: Past,
    ) -> Result<(), TooMuch> {
        let Times { deadline, hold, .. } = times;
        let Past { under, accepted_seen, attempts_seen, exposed } = past;
        let open = Open {
            ask,
            order: self.taken,
            taken: times.taken,
            deadline,
            hold,
            under,
            accepted_seen,
            attempts_seen,
            attempt_unused: false,
            cancelled: false,
            exposed,
            retry_at: None,
            refusal: String::new(),
        };
        if self.open.len() >= CALLS_MAX || self.bytes + open.bytes() > BYTES_MAX {
            return Err(TooMuch { calls: self.open.len(), bytes: self.bytes });
        }
        self.taken += 1;
        self.bytes += open.bytes();
        if let Some(replaced) = self.open.insert(call_id, open) {
            self.bytes -= replaced.bytes();
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, call_id: CallId) -> Option<Open> {
        let open = self.open.remove(&call_id)?;
        self.bytes -= open.bytes();
        Some(open)
    }

    pub(super) fn get(&self, call_id: CallId) -> Option<&Open> {
        self.open.get(&call_id)
    }

    pub(super) fn get_mut(&mut self, call_id: CallId) -> Option<&mut Open> {
        self.open.get_mut(&call_id)
    }

    /// Calls that somebody waits for.
    pub(super) fn waiting(&self) -> usize {
        self.open.values().filter(|open| !open.cancelled).count()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Open> {
        self.open.values_mut()
    }

    /// What `hello` says: every call that was once written to a socket.
    pub(super) fn for_hello(&self, now: Duration) -> Vec<OpenCall> {
        let listed = self.open.iter().filter_map(|(call_id, open)| {
            Some(OpenCall {
                call_id: *call_id,
                under: open.under?,
                accepted_seen: open.accepted_seen,
                attempts_seen: open.attempts_seen,
                attempt_unused: open.attempt_unused,
                cancelled: open.cancelled,
                remaining_ms: millis(open.deadline.saturating_sub(now)),
            })
        });
        listed.collect()
    }

    /// Calls, in the host's order, that satisfy the predicate.
    pub(super) fn in_order(&self, wanted: impl Fn(&CallId, &Open) -> bool) -> Vec<CallId> {
        let mut found: Vec<(u64, CallId)> = self
            .open
            .iter()
            .filter(|(id, open)| wanted(id, open))
            .map(|(id, open)| (open.order, *id))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, call_id)| call_id).collect()
    }

    /// Calls to be ended now.
    pub(super) fn due(&self, now: Duration, away: Option<Away<'_>>) -> Vec<(CallId, EndWhy)> {
        self.open.iter().filter_map(|(call_id, open)| Some((*call_id, open.due(now, away)?))).collect()
    }

    /// When `due` or a resend has something next.
    pub(super) fn next_due(&self, reach: Reach) -> Option<Duration> {
        let moments = |open: &Open| {
            let (held, retry) = match reach {
                Reach::Away { since } => (open.held_until(since), None),
                Reach::Leaving => (None, None),
                Reach::TakesCalls => (None, open.retry_at),
            };
            [Some(open.deadline), held, retry].into_iter().flatten().min()
        };
        self.open.values().filter_map(moments).min()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

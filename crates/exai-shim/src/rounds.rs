//! Rounds of a call: a modern host whose patience is about to end is asked to come back with a sealed state, and joins the
//! call that goes on in the daemon. So a call outlasts the host's limit without anybody noticing.

use std::collections::VecDeque;
use std::time::Duration;

use exai_mcp::{Answer, CallKey, IncomingCall};
use exai_session::{EndWhy, Fate, Past};
use exai_wire::{CallId, Fingerprint};

use crate::answer;
use crate::calls::{Cost, Open};
use crate::clock::Clock;
use crate::digest::Digest;
use crate::event::Done;
use crate::random;
use crate::seal::{Carried, Seal};
use crate::seal_key::{self, SealKey};
use crate::shim::Shim;

/// How often a host is asked to come back. Its client gives up after ten requests, and the tenth must have an answer.
pub(crate) const ROUNDS_MAX: u8 = 9;

/// Longest round: clients give up on a request after 60 s unless somebody has set more, and hosts pass that on to them.
pub(crate) const ROUND_MAX: Duration = Duration::from_secs(55);

/// Who comes back after the call's time is over waits so long for what the daemon has.
pub(crate) const LATE_WAIT: Duration = Duration::from_secs(5);

/// Who comes back after more than this gets what the daemon has, and nothing is run for him. The daemon keeps an answer that
/// was delivered for ten minutes, unless its settings say otherwise, and remembers for a time of its own that there was one:
/// a state that is used a second time after all that must not run the call a second time.
const FRESH: Duration = Duration::from_secs(590);

/// How long a host that comes back waits for the key; a healthy disk takes milliseconds.
const KEY_WITHIN: Duration = Duration::from_secs(5);

/// Bytes of params that wait for the key.
const RETURNED_BYTES_MAX: usize = 64 << 20;

/// A call that is asked for, the first time or again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) call_id: CallId,
    /// How many times the host was asked to come back.
    pub(crate) rounds: u8,
    /// Time that the call had taken before.
    pub(crate) earlier: Duration,
    pub(crate) digest: Digest,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) past: Past,
    coming: Coming,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coming {
    InTime,
    Late,
}

impl Turn {
    /// A call that was never asked for before.
    pub(crate) fn first(digest: Digest) -> Self {
        Self {
            call_id: random::call_id(),
            rounds: 0,
            earlier: Duration::ZERO,
            digest,
            fingerprint: None,
            past: Past::default(),
            coming: Coming::InTime,
        }
    }

    /// A call that comes back at this time of the world; whole calls may take `timeout`.
    fn again(carried: &Carried, wall_ms: u64, timeout: Duration) -> Self {
        let gap = Duration::from_millis(wall_ms.saturating_sub(carried.issued_ms));
        let earlier = Duration::from_millis(carried.spent_ms).saturating_add(gap);
        Self {
            call_id: carried.call_id,
            rounds: carried.round,
            earlier,
            digest: carried.digest,
            fingerprint: Some(carried.fingerprint),
            past: carried.past,
            coming: if earlier >= timeout || gap > FRESH { Coming::Late } else { Coming::InTime },
        }
    }

    /// Whether nothing may be run any more for this call.
    pub(crate) fn is_late(&self) -> bool {
        self.coming == Coming::Late
    }
}

/// The seal, and who waits for its key.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    key: Key,
    /// Calls that came back before the key was there.
    returned: VecDeque<Returned>,
}

#[derive(Debug, Default)]
enum Key {
    #[default]
    Unread,
    Reading,
    Ready(Seal),
}

#[derive(Debug)]
struct Returned {
    call: IncomingCall,
    digest: Digest,
    until: Duration,
}

impl Rounds {
    /// When the next of those who wait for the key is answered without it.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.returned.front().map(|returned| returned.until)
    }

    fn seal(&self) -> Option<&Seal> {
        match &self.key {
            Key::Ready(seal) => Some(seal),
            Key::Unread | Key::Reading => None,
        }
    }
}

impl Shim {
    /// A modern host calls: the key will be needed.
    pub(crate) fn want_seal_key(&mut self) {
        if !matches!(self.rounds.key, Key::Unread) {
            return;
        }
        match self.state_dir.clone() {
            Some(dir) => {
                self.rounds.key = Key::Reading;
                let load = self.load_key;
                self.jobs.block(move || Done::SealKey(load(&dir)));
            }
            None => self.rounds.key = Key::Ready(Seal::new(&seal_key::fresh())),
        }
    }

    /// The key is there, or this process makes do with its own.
    pub(crate) fn on_seal_key(&mut self, now: Duration, key: std::io::Result<SealKey>) {
        let key = key.unwrap_or_else(|error| {
            tracing::warn!(%error, "no key in the state directory: calls in rounds end with this process");
            seal_key::fresh()
        });
        self.rounds.key = Key::Ready(Seal::new(&key));
        for Returned { call, digest, .. } in std::mem::take(&mut self.rounds.returned) {
            self.on_return(now, call, digest);
        }
    }

    /// A host comes back with what it was given.
    pub(crate) fn on_return(&mut self, now: Duration, call: IncomingCall, digest: Digest) {
        self.want_seal_key();
        let key = call.key;
        let Some(seal) = self.rounds.seal() else { return self.wait_for_key(now, call, digest) };
        let state = call.request_state.as_deref().unwrap_or_default();
        let wall_ms = Clock::wall_ms();
        let carried = match seal.open(state, digest, wall_ms) {
            Ok(carried) => carried,
            Err(unacceptable) => {
                tracing::warn!(why = ?unacceptable, "requestState refused");
                return self.engine.answer(now, key, answer::invalid_params(&unacceptable.to_string()));
            }
        };
        let turn = Turn::again(&carried, wall_ms, self.options.loaded.settings.calls.timeout);
        tracing::debug!(call_id = ?turn.call_id, round = turn.rounds, late = turn.is_late(), "asked again");
        if turn.is_late() && turn.past.fate() == Fate::NotSent {
            let facts = self.facts_of(turn.call_id, Cost::Metered, turn.earlier, "");
            return self.engine.answer(now, key, answer::end(&EndWhy::Deadline, Fate::NotSent, &facts));
        }
        self.serve(now, call, turn);
    }

    fn wait_for_key(&mut self, now: Duration, call: IncomingCall, digest: Digest) {
        let waiting: usize = self.rounds.returned.iter().map(|other| other.call.params.get().len()).sum();
        if waiting + call.params.get().len() > RETURNED_BYTES_MAX {
            return self.engine.answer(now, call.key, answer::no_key());
        }
        self.rounds.returned.push_back(Returned { call, digest, until: now + KEY_WITHIN });
    }

    /// Answers those who have waited too long for the key.
    pub(crate) fn end_returns(&mut self, now: Duration) {
        while let Some(returned) = self.rounds.returned.pop_front_if(|returned| returned.until <= now) {
            self.engine.answer(now, returned.call.key, answer::no_key());
        }
    }

    /// A host does not want the answer any more.
    pub(crate) fn forget_return(&mut self, key: CallKey) {
        self.rounds.returned.retain(|returned| returned.call.key != key);
    }

    /// What asks the host to come back, where that is possible and of use.
    pub(crate) fn next_round(&self, now: Duration, open: &Open, past: Past) -> Option<Answer> {
        let rounds = open.host.rounds.filter(|rounds| *rounds < ROUNDS_MAX)?;
        let waited = open.waited.is_some_and(|waited| waited <= now);
        // A daemon that nobody has ever reached will not come by waiting; what is wrong has to be told.
        let never = rounds == 0 && past.fate() == Fate::NotSent && self.met.is_none();
        if waited || never {
            return None;
        }
        let carried = Carried {
            call_id: open.call_id,
            fingerprint: open.fingerprint.unwrap_or(Fingerprint::from_bytes([0; 16])),
            digest: open.digest,
            past,
            round: rounds + 1,
            spent_ms: u64::try_from(open.age(now).as_millis()).unwrap_or(u64::MAX),
            issued_ms: Clock::wall_ms(),
        };
        tracing::info!(call_id = ?open.call_id, round = carried.round, "the host is asked to come back");
        Some(Answer::InputRequired { request_state: self.rounds.seal()?.close(&carried) })
    }
}

#[cfg(test)]
mod tests;

//! Adoption: the same question, asked again by a host that lost its shim or gave up, gets the answer of the first one. Calls
//! whose host is there are never merged: two meant samples are two calls.

use std::time::Duration;

use exai_wire::{CallId, Class, KeptFrame, Outcome, Record, ResultFrame, SessionId};

use super::DaemonEnd;
use super::body::with_kept_note;
use super::call::{Ahead, Entry, Phase, error_body};
use super::event::{CallClass, DaemonEvent, Finished};
use super::fetch::Wanted;

/// A session whose connection is lost comes back well before this, if its process lives: it dials every 2 s at least.
const DOUBTED_FOR: Duration = Duration::from_secs(5);

/// Whether a session can still take its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Presence {
    Gone,
    Doubtful,
    Here,
}

/// What an earlier call has to offer; the better one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Offer {
    Nothing,
    /// Its host may come back.
    Wait,
    Runs(CallId),
    /// Its answer is there, since so many milliseconds of wall time.
    Answer(u64, CallId),
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Takes a call to the journal, with the answer that it takes over, if there is one; or lets it wait until that is clear.
    pub(super) fn consider(&mut self, now: Duration, call_id: CallId) {
        let best = self.offers(now, call_id).max().unwrap_or(Offer::Nothing);
        let followed = match best {
            Offer::Wait => return self.calls.set_phase(call_id, Phase::Considering),
            Offer::Nothing => None,
            Offer::Runs(followed) | Offer::Answer(_, followed) => Some(followed),
        };
        if let Some(followed) = followed {
            self.release(now, followed);
            if let Some(followed) = self.calls.get_mut(followed) {
                followed.adopted = true;
            }
        }
        self.accept(now, call_id, followed);
    }

    /// Calls that wait until it is clear whether they take something over.
    pub(super) fn consider_again(&mut self, now: Duration) {
        let waiting = self.calls.live().filter(|(_, entry)| matches!(entry.phase, Phase::Considering));
        let waiting: Vec<CallId> = waiting.map(|(call_id, _)| call_id).collect();
        for call_id in waiting {
            self.consider(now, call_id);
        }
    }

    fn accept(&mut self, now: Duration, call_id: CallId, follows: Option<CallId>) {
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        entry.follows = follows;
        if Self::goes_ahead(entry) {
            return self.go_ahead(now, call_id);
        }
        self.calls.set_phase(call_id, Phase::Accepting(Ahead::No));
        self.promise(now, call_id);
    }

    /// Hands the record of a call to the journal.
    pub(super) fn promise(&mut self, now: Duration, call_id: CallId) {
        let Some(entry) = self.calls.get(call_id) else { return };
        let (Some(work), Some(fingerprint)) = (&entry.work, entry.fingerprint) else { return };
        let asked = exai_wire::Asked {
            session: work.session,
            fingerprint,
            adopt_key: entry.adopt_key,
            adopts: entry.follows,
            method: work.method.clone(),
            tool: entry.tool.clone(),
            class: entry.class,
            at_ms: entry.asked_ms,
            remaining_ms: u64::try_from(entry.deadline.saturating_sub(now).as_millis()).unwrap_or(u64::MAX),
            attempts_before: entry.attempts,
            params: work.params.clone(),
        };
        let (detached, session) = (entry.detached, work.session);
        self.commit(Record::Accepted { call_id, asked });
        if detached {
            self.commit(Record::Detached { call_id, session });
        }
    }

    fn offers(&self, now: Duration, call_id: CallId) -> impl Iterator<Item = Offer> {
        let asked = self.calls.get(call_id).and_then(|entry| Some((entry.adopt_key?, entry.class)));
        let asked = asked.filter(|_| !self.config.keeping.adopt.is_zero());
        let others = asked.into_iter().flat_map(move |(key, class)| {
            let same = move |(other, entry): &(CallId, &Entry<D>)| *other != call_id && entry.class == class;
            self.calls.asked_as(key).filter(same)
        });
        others.map(move |(other, entry)| self.offer(now, other, entry))
    }

    fn offer(&self, now: Duration, call_id: CallId, entry: &Entry<D>) -> Offer {
        if entry.adopted || entry.wish == super::call::Wish::Cancel {
            return Offer::Nothing;
        }
        let owner = match &entry.phase {
            Phase::Done(done) => done.owner,
            _ => entry.work.as_ref().map(|work| work.session).filter(|_| !entry.detached),
        };
        let presence = entry.waiters.iter().chain(&owner).map(|session| self.presence(now, *session)).max();
        let offer = match &entry.phase {
            Phase::Buried | Phase::Considering => Offer::Nothing,
            Phase::Done(done) => {
                let age_ms = self.wall_ms(now).saturating_sub(done.at_ms);
                let young = Duration::from_millis(age_ms) <= self.config.keeping.adopt;
                let useful = matches!(done.outcome, Outcome::Ok | Outcome::OutcomeUnknown);
                match young && useful && done.acked_ms.is_none() {
                    true => Offer::Answer(done.at_ms, call_id),
                    false => Offer::Nothing,
                }
            }
            _ => Offer::Runs(call_id),
        };
        match (offer, presence) {
            (Offer::Nothing, _) | (_, Some(Presence::Here)) => Offer::Nothing,
            (_, Some(Presence::Doubtful)) => Offer::Wait,
            (offer, Some(Presence::Gone) | None) => offer,
        }
    }

    fn presence(&self, now: Duration, session: SessionId) -> Presence {
        let lost_at = match self.sessions.get(&session) {
            Some(open) if open.conn.is_some() || self.greets(session) => return Presence::Here,
            Some(open) => open.lost_at.unwrap_or(now),
            // Nobody can have come back before the daemon listened.
            None if self.left.contains(&session) => return Presence::Gone,
            None => self.booted,
        };
        if lost_at + DOUBTED_FOR > now { Presence::Doubtful } else { Presence::Gone }
    }

    /// Waits for the answer of another call, or takes it where it is there.
    pub(super) fn follow(&mut self, now: Duration, call_id: CallId, followed: CallId) {
        let Some(entry) = self.calls.get(call_id) else { return };
        let (sponsors, deadline) = (entry.sponsors.clone(), entry.deadline);
        let Some(entry) = self.calls.get_mut(followed) else { return self.run_alone(call_id) };
        let (is_done, is_parked) = (matches!(entry.phase, Phase::Done(_)), entry.is_parked());
        if matches!(entry.phase, Phase::Buried) {
            return self.run_alone(call_id);
        }
        self.calls.set_phase(call_id, Phase::Following);
        if is_done {
            return self.fetch_for(followed, None, Some(call_id));
        }
        let Some(session) = sponsors.first().copied() else { return self.wait_parked(call_id) };
        if let Some(entry) = self.calls.get_mut(followed) {
            entry.sponsors.extend(sponsors);
            // One that has not begun has all the time of who came for it.
            if is_parked {
                entry.deadline = entry.deadline.max(deadline);
            }
        }
        if is_parked {
            self.unpark(now, session, followed);
        }
    }

    /// A call does not take over what it was to: the next one that asks the same may.
    pub(super) fn leave_answer(&mut self, call_id: CallId) {
        let followed = self.calls.get(call_id).and_then(|entry| entry.follows);
        if let Some(followed) = followed.and_then(|followed| self.calls.get_mut(followed)) {
            followed.adopted = false;
        }
    }

    /// A followed call may come to wait for somebody: its start could not be kept, or its comers were away. They are back, but
    /// it is not their own call that they bring.
    pub(super) fn go_on_for_followers(&mut self, now: Duration) {
        if self.drain.is_some() {
            return;
        }
        let wanted = self.calls.live().filter(|(_, entry)| matches!(entry.phase, Phase::Following));
        let wanted = wanted.filter_map(|(_, entry)| Some((entry.follows?, *entry.sponsors.first()?)));
        let parked = |followed| self.calls.get(followed).is_some_and(Entry::is_parked);
        let wanted: Vec<(CallId, SessionId)> = wanted.filter(|(followed, _)| parked(*followed)).collect();
        for (followed, session) in wanted {
            if let Some(entry) = self.calls.get_mut(followed) {
                entry.sponsors.insert(session);
            }
            self.unpark(now, session, followed);
        }
    }

    /// There is nothing to take over any more.
    pub(super) fn run_alone(&mut self, call_id: CallId) {
        if let Some(entry) = self.calls.get_mut(call_id) {
            entry.follows = None;
        }
        self.run(call_id);
    }

    /// A call has ended: those that follow it get its answer.
    pub(super) fn tell_followers(&mut self, now: Duration, call_id: CallId, result: &ResultFrame) {
        if !self.calls.get(call_id).is_some_and(|entry| entry.adopted) {
            return;
        }
        let follows =
            |entry: &Entry<D>| matches!(entry.phase, Phase::Following) && entry.follows == Some(call_id);
        let followers: Vec<CallId> =
            self.calls.live().filter(|(_, entry)| follows(entry)).map(|(id, _)| id).collect();
        for follower in followers {
            self.take_over(now, follower, call_id, result);
        }
    }

    /// Gives a call the answer of the one that it follows.
    pub(super) fn take_over(&mut self, now: Duration, call_id: CallId, from: CallId, result: &ResultFrame) {
        if !self.calls.get(call_id).is_some_and(|entry| matches!(entry.phase, Phase::Following)) {
            return;
        }
        let metered = self.calls.get(call_id).is_some_and(|entry| entry.class == Class::Metered);
        let in_time = self.calls.get(call_id).is_some_and(|entry| entry.deadline > now);
        // An error is no answer to keep; but an effect that failed took place, and is not tried again unasked.
        let asks_itself = result.outcome == Outcome::Error && metered && in_time;
        if result.outcome == Outcome::Cancelled || asks_itself {
            return self.run_alone(call_id);
        }
        let age = self.age(now, self.origin(from)).as_secs();
        let Some(entry) = self.calls.get_mut(call_id) else { return };
        // Its own may have been made under a journal that is lost.
        entry.attempts = entry.attempts.saturating_add(result.attempt);
        let sentence = match result.outcome {
            // Its text says what to do.
            Outcome::OutcomeUnknown => {
                format!(
                    "the same was asked {age} s ago, and this is what is known of it; it was not tried a second time."
                )
            }
            _ => format!(
                "the same was asked {age} s ago and its answer had not been delivered, so this is that answer; the question \
                 was not asked a second time. To have it asked anew, ask again."
            ),
        };
        let body = with_kept_note(&result.body, &sentence);
        self.conclude(now, call_id, Finished { outcome: result.outcome, body, turn: None, spent: None });
    }

    /// The call that was asked first of those that an answer was handed on by.
    fn origin(&self, mut call_id: CallId) -> CallId {
        // Nobody takes over what was asked later, so this ends; the bound is for journals that were damaged.
        for _ in 0..100 {
            match self.calls.get(call_id).and_then(|entry| entry.follows) {
                Some(followed) => call_id = followed,
                None => break,
            }
        }
        call_id
    }

    /// A follower is over; whom it followed goes on for others, or ends with it.
    pub(super) fn unfollow(&mut self, now: Duration, followed: CallId) {
        let wanted = self
            .calls
            .live()
            .any(|(_, entry)| matches!(entry.phase, Phase::Following) && entry.follows == Some(followed));
        let Some(entry) = self.calls.get_mut(followed) else { return };
        entry.adopted &= wanted;
        // Who holds a handle comes for it later.
        if !wanted && entry.is_running() && entry.waiters.is_empty() && !entry.detached {
            entry.wish = super::call::Wish::Cancel;
            self.conclude_cancelled(now, followed);
        }
    }

    /// Followers whose time is over.
    pub(super) fn end_followers(&mut self, now: Duration) {
        let over = self
            .calls
            .live()
            .filter(|(_, entry)| matches!(entry.phase, Phase::Following) && entry.deadline <= now);
        let over: Vec<(CallId, Class)> = over.map(|(call_id, entry)| (call_id, entry.class)).collect();
        for (call_id, class) in over {
            self.leave_answer(call_id);
            let outcome = if class == Class::Effect { Outcome::OutcomeUnknown } else { Outcome::Error };
            self.conclude(now, call_id, error_body(outcome, STILL_RUNS));
        }
    }

    /// Reads the end of a call from the journal, for a session or for a call that follows it.
    pub(super) fn fetch_for(
        &mut self,
        call_id: CallId,
        session: Option<SessionId>,
        follower: Option<CallId>,
    ) {
        let wanted = self.fetching.entry(call_id).or_insert_with(|| {
            self.events.push_back(DaemonEvent::Fetch { call_id });
            Wanted::default()
        });
        wanted.sessions.extend(session);
        wanted.followers.extend(follower);
    }
}

const STILL_RUNS: &str = "The same question had been asked before and is still being answered; the time of this call is over. \
                          Ask again to get that answer.";

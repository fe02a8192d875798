//! How long ended calls are kept, and what becomes of calls past their deadline.

use std::time::Duration;

use exai_wire::{CallId, Class, KeptFrame, Outcome, Record};

use super::DaemonEnd;
use super::call::{Done, Entry, Phase, error_body};
use super::event::{AbortReason, CallClass, DaemonEvent};

/// Kept calls, buried ones included; small ones cost more in the table than in bodies.
const KEPT_MAX: usize = 50_000;
/// Room that is reserved for the result of a call in flight; larger answers are rare. A full queue of calls (1,280) takes a
/// third of the default size by this.
const RESULT_RESERVE: usize = 64 << 10;
/// How often kept results are looked through: bounds of minutes and of hundreds of megabytes bear seconds.
const RETENTION_EVERY: Duration = Duration::from_secs(5);
/// How often parked calls are looked through for such that others follow: each time may be a write that fails.
const FOLLOWED_EVERY: Duration = Duration::from_secs(1);
/// Past the executor's deadline it is told so, and past this much more it has had its chance.
const OVERDUE: Duration = Duration::from_secs(5);
const GIVEN_UP: &str =
    "Not run: its host had gone, and the journal had no room for calls that nobody waits for.";
const NEVER_ENDED: &str = "The call passed its deadline and its tool did not end in time.";

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn acked(&mut self, now: Duration, call_ids: &[CallId]) {
        let at_ms = self.wall_ms(now);
        for call_id in call_ids {
            let Some(entry) = self.calls.get_mut(*call_id) else { continue };
            // It was delivered although the journal could not take it yet.
            entry.acked_early |= matches!(entry.phase, Phase::Ending);
            if let Phase::Done(done) = &mut entry.phase
                && done.acked_ms.is_none()
            {
                done.acked_ms = Some(at_ms);
                done.sealed = None;
                self.calls.delivered(*call_id);
                self.commit(Record::Acked { call_id: *call_id, at_ms });
            }
        }
    }

    pub(super) fn sweep_calls(&mut self, now: Duration) {
        self.end_overdue(now);
        self.end_parked(now);
        self.end_followers(now);
        self.consider_again(now);
        if self.next_followed <= now {
            self.next_followed = now + FOLLOWED_EVERY;
            self.go_on_for_followers(now);
        }
        if self.next_retention <= now {
            self.next_retention = now + RETENTION_EVERY;
            self.expire(now);
            self.make_room(now);
        }
    }

    fn expire(&mut self, now: Duration) {
        let (wall_ms, keeping) = (self.wall_ms(now), self.config.keeping);
        let past = |at_ms: u64, span: Duration| {
            at_ms.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)) <= wall_ms
        };
        let (mut to_bury, mut to_forget) = (Vec::new(), Vec::new());
        for (call_id, entry) in self.calls.iter() {
            match &entry.phase {
                Phase::Done(Done { acked_ms: Some(at), .. }) if past(*at, keeping.acked) => {
                    to_bury.push(call_id)
                }
                Phase::Done(done) if past(done.at_ms, keeping.unacked) => to_bury.push(call_id),
                Phase::Buried if past(entry.buried_ms, keeping.buried) => to_forget.push(call_id),
                _ => {}
            }
        }
        for call_id in to_bury {
            self.bury(now, call_id);
        }
        for call_id in to_forget {
            self.drop_kept(call_id);
        }
    }

    /// From here on only the id is left.
    fn bury(&mut self, now: Duration, call_id: CallId) {
        let at_ms = self.wall_ms(now);
        if let Some(entry) = self.calls.get_mut(call_id) {
            entry.buried_ms = at_ms;
        }
        self.calls.set_phase(call_id, Phase::Buried);
        self.commit(Record::Buried { call_id, at_ms });
    }

    fn drop_kept(&mut self, call_id: CallId) {
        self.calls.remove(call_id);
        self.commit(Record::Forgotten { call_id });
    }

    fn end_overdue(&mut self, now: Duration) {
        let over = self.calls.live().filter(|(_, entry)| entry.is_running() && entry.deadline <= now);
        let over: Vec<CallId> = over.map(|(call_id, _)| call_id).collect();
        let mut late = Vec::new();
        for call_id in over {
            let Some(entry) = self.calls.get_mut(call_id) else { continue };
            if !std::mem::replace(&mut entry.deadline_told, true) {
                self.events.push_back(DaemonEvent::Abort { call_id, why: AbortReason::Deadline });
            } else if entry.deadline + OVERDUE <= now {
                late.push((call_id, entry.class));
            }
        }
        for (call_id, class) in late {
            if class == Class::Pure {
                self.forget(call_id);
            } else {
                let effect = class == Class::Effect && self.may_have_run(call_id);
                let outcome = if effect { Outcome::OutcomeUnknown } else { Outcome::Error };
                self.conclude(now, call_id, error_body(outcome, NEVER_ENDED));
            }
        }
    }

    /// Buries what is wanted least until the rest is within its bounds: cancels without a call, what reached its host,
    /// what belongs to sessions that are gone; oldest first. The results of sessions that live stay, and while they alone
    /// are too many, no call is taken.
    fn make_room(&mut self, now: Duration) {
        let in_flight = self.calls.live().chain(self.calls.parked());
        let reserved: usize = in_flight.map(|(_, entry)| reserve(entry)).sum();
        let done = self.calls.iter().filter_map(|(call_id, entry)| match &entry.phase {
            Phase::Done(done) => Some((self.worth(done), done.at_ms, call_id, done.bytes)),
            _ => None,
        });
        let mut kept: Vec<_> = done.collect();
        let mut bytes: usize = reserved + kept.iter().map(|(.., bytes)| bytes).sum::<usize>();
        let mut count = kept.len();
        let most = self.config.keeping.bytes;
        let fits = |bytes, count| bytes <= most && count <= KEPT_MAX;
        if !fits(bytes, count) {
            kept.sort_unstable();
            for (worth, _, call_id, freed) in kept {
                if fits(bytes, count) || worth == Worth::Awaited {
                    break;
                }
                self.bury(now, call_id);
                bytes -= freed;
                count -= 1;
            }
        }
        if !fits(bytes, count) {
            bytes -= self.give_up_parked(now, bytes.saturating_sub(most));
        }
        self.full = !fits(bytes, count);
        self.thin_out();
    }

    /// Ends calls whose host has gone and for which nobody was asked yet, the oldest first, until so many bytes are free; how
    /// many that are. They must not keep those out who are there.
    fn give_up_parked(&mut self, now: Duration, needed: usize) -> usize {
        let unwanted = self.calls.parked().filter(|(_, entry)| {
            entry.attempts == 0 && !entry.detached && entry.waiters.is_empty() && !entry.adopted
        });
        let mut unwanted: Vec<_> =
            unwanted.map(|(call_id, entry)| (entry.asked_ms, call_id, reserve(entry))).collect();
        unwanted.sort_unstable();
        let mut freed = 0;
        for (_, call_id, bytes) in unwanted {
            if freed >= needed {
                break;
            }
            freed += bytes;
            self.leave_answer(call_id);
            self.conclude(now, call_id, error_body(Outcome::Error, GIVEN_UP));
        }
        freed
    }

    /// Forgets the oldest buried calls where there are too many of them.
    fn thin_out(&mut self) {
        let excess = self.calls.len().saturating_sub(2 * KEPT_MAX);
        if excess == 0 {
            return;
        }
        let buried = self.calls.iter().filter(|(_, entry)| matches!(entry.phase, Phase::Buried));
        let mut buried: Vec<_> = buried.map(|(call_id, entry)| (entry.buried_ms, call_id)).collect();
        buried.sort_unstable();
        for (_, call_id) in buried.into_iter().take(excess) {
            self.drop_kept(call_id);
        }
    }

    fn worth(&self, done: &Done<D>) -> Worth {
        match done.owner {
            _ if done.acked_ms.is_some() => Worth::Delivered,
            None => Worth::Nobodys,
            Some(owner) if self.sessions.contains_key(&owner) => Worth::Awaited,
            Some(_) => Worth::Left,
        }
    }
}

/// Room that a call in flight may come to need.
fn reserve<D>(entry: &Entry<D>) -> usize {
    if entry.class == Class::Pure {
        return 0;
    }
    let result = if entry.is_parked() { 0 } else { RESULT_RESERVE };
    result + entry.work.as_ref().map_or(0, |work| work.params.get().len())
}

/// How much a kept result is wanted, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Delivered,
    Nobodys,
    Left,
    Awaited,
}

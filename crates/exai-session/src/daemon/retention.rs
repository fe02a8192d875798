//! How long ended calls are kept, and what becomes of calls past their deadline.

use std::time::Duration;

use exai_wire::{CallId, Class, KeptFrame, Outcome, Record};

use super::DaemonEnd;
use super::call::{Done, Phase, error_body};
use super::event::{AbortReason, CallClass, DaemonEvent};

/// A result that reached its host.
const ACKED_FOR: Duration = Duration::from_secs(600);
/// A result that nobody has fetched.
const UNACKED_FOR: Duration = Duration::from_secs(24 * 3600);
/// Bodies of all kept results; beyond it the oldest go, those that reached their host first.
const KEPT_BYTES_MAX: usize = 256 << 20;
/// Kept results; small ones cost more in the table than in bodies.
const KEPT_MAX: usize = 50_000;
/// How often kept results are looked through: bounds of minutes and of hundreds of megabytes bear seconds.
const RETENTION_EVERY: Duration = Duration::from_secs(5);
/// Past the executor's deadline it is told so, and past this much more it has had its chance.
const OVERDUE: Duration = Duration::from_secs(5);
const NEVER_ENDED: &str = "The call passed its deadline and its tool did not end in time.";

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    pub(super) fn acked(&mut self, now: Duration, call_ids: &[CallId]) {
        for call_id in call_ids {
            let Some(entry) = self.calls.get_mut(*call_id) else { continue };
            if let Phase::Done(done) = &mut entry.phase
                && done.acked.is_none()
            {
                done.acked = Some(now);
                self.commit(*call_id, Record::Acked { call_id: *call_id });
            }
        }
    }

    pub(super) fn sweep_calls(&mut self, now: Duration) {
        self.end_overdue(now);
        if self.next_retention <= now {
            self.next_retention = now + RETENTION_EVERY;
            self.expire(now);
            self.make_room();
        }
    }

    fn expire(&mut self, now: Duration) {
        let expired = |phase: &Phase<D>| match phase {
            Phase::Done(done) => done.acked.map_or(done.at + UNACKED_FOR, |at| at + ACKED_FOR) <= now,
            _ => false,
        };
        let gone: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, entry)| expired(&entry.phase))
            .map(|(call_id, _)| call_id)
            .collect();
        for call_id in gone {
            self.calls.remove(call_id);
        }
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
                self.conclude(call_id, error_body(outcome, NEVER_ENDED));
            }
        }
    }

    /// Forgets what is wanted least until the rest is within its bounds: cancels without a call, what reached its host,
    /// what belongs to sessions that are gone; oldest first. The results of sessions that live stay, and while they alone
    /// are too many, no call is taken.
    fn make_room(&mut self) {
        let done = self.calls.iter().filter_map(|(call_id, entry)| match &entry.phase {
            Phase::Done(done) => Some((self.worth(done), done.at, call_id, done.bytes)),
            _ => None,
        });
        let mut kept: Vec<_> = done.collect();
        let mut bytes: usize = kept.iter().map(|(.., bytes)| bytes).sum();
        let mut count = kept.len();
        let fits = |bytes, count| bytes <= KEPT_BYTES_MAX && count <= KEPT_MAX;
        if !fits(bytes, count) {
            kept.sort_unstable();
            for (worth, _, call_id, freed) in kept {
                if fits(bytes, count) || worth == Worth::Awaited {
                    break;
                }
                self.calls.remove(call_id);
                bytes -= freed;
                count -= 1;
            }
        }
        self.full = !fits(bytes, count);
    }

    fn worth(&self, done: &Done<D>) -> Worth {
        match done.owner {
            None => Worth::Nobodys,
            Some(_) if done.acked.is_some() => Worth::Delivered,
            Some(owner) if self.sessions.contains_key(&owner) => Worth::Awaited,
            Some(_) => Worth::Left,
        }
    }
}

/// How much a kept result is wanted, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Nobodys,
    Delivered,
    Left,
    Awaited,
}

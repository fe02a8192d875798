//! The calls that a daemon begins with. Those that had not ended are parked until somebody wants them, but for those whose
//! host was given a handle: it will come for them.

use std::time::Duration;

use exai_wire::{Asked, Class, Ended, Kept, KeptFrame, Outcome, Texts};

use super::DaemonEnd;
use super::call::{Done, Entry, Phase, Work, error_body};
use super::event::{AttemptFate, Before, CallClass, RecoveredCall};
use super::intake::ATTEMPTS_SEEN_MAX;
use super::park::EFFECT_LOST;

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Takes in what the journal held when the daemon started. To be called once, before anything else.
    pub fn recover(&mut self, now: Duration, calls: Vec<RecoveredCall<D>>) {
        self.booted = now;
        let mut handles = Vec::new();
        for RecoveredCall { kept, accepted } in calls {
            let call_id = kept.call_id;
            let begins = kept.detached && kept.ended.is_none();
            let Some(mut entry) = self.entry(now, kept) else { continue };
            entry.accepted = Some(accepted).filter(|_| !entry.is_over());
            let effect_lost = entry.is_parked() && entry.class == Class::Effect && entry.attempts > 0;
            let session = entry.work.as_ref().map(|work| work.session);
            self.calls.insert(call_id, entry);
            if effect_lost {
                self.conclude(now, call_id, error_body(Outcome::OutcomeUnknown, EFFECT_LOST));
            } else if begins {
                handles.extend(session.map(|session| (session, call_id)));
            }
        }
        for (session, call_id) in handles {
            if let Some(entry) = self.calls.get_mut(call_id) {
                entry.sponsors.insert(session);
            }
            self.unpark(now, session, call_id);
        }
        self.arm(now);
    }

    fn entry(&self, now: Duration, kept: Kept) -> Option<Entry<D>> {
        let attempts = kept.attempts_made().min(ATTEMPTS_SEEN_MAX);
        let before = before(&kept);
        let asked_ms = kept.asked.as_ref().map_or(0, |asked| asked.at_ms);
        let class = kept.asked.as_ref().map_or(Class::Metered, |asked| asked.class);
        let owner = kept.asked.as_ref().map(|asked| asked.session).filter(|_| !kept.detached);
        let phase = match (kept.buried_ms, kept.ended) {
            (Some(_), _) => Phase::Buried,
            (None, Some(Ended { end, bytes })) => Phase::Done(Done {
                sealed: None,
                outcome: end.outcome,
                bytes,
                at_ms: end.at_ms,
                acked_ms: kept.acked_ms,
                owner,
            }),
            (None, None) => Phase::Parked,
        };
        let asked = match (kept.asked, &phase) {
            // A start, a text without a call: of a file that was damaged.
            (None, Phase::Parked) => return None,
            (asked, _) => asked,
        };
        let left_ms = asked.as_ref().map_or(0, Asked::deadline_ms);
        let left = Duration::from_millis(left_ms.saturating_sub(self.wall_ms(now)));
        let mut entry = Entry::new(class, phase, now, asked_ms, now + left);
        let last = kept.attempts.last();
        entry.model = last.map(|attempt| (attempt.provider.clone(), attempt.model.clone()));
        entry.spent = kept.ended.and_then(|ended| ended.end.spent);
        entry.buried_ms = kept.buried_ms.unwrap_or(0);
        (entry.started, entry.unused) = (attempts, kept.unused);
        (entry.attempts, entry.cuts) = (attempts, u32::try_from(kept.cut.len()).unwrap_or(u32::MAX));
        (entry.adopted, entry.detached) = (kept.adopted, kept.detached);
        if let Some(asked) = asked {
            entry.fingerprint = Some(asked.fingerprint);
            entry.adopt_key = asked.adopt_key.filter(|_| kept.buried_ms.or(kept.acked_ms).is_none());
            entry.tool = asked.tool;
            if entry.is_parked() {
                entry.follows = asked.adopts;
                (entry.before, entry.texts) = (before, Texts::of(kept.partial));
                entry.work = Some(Work {
                    session: asked.session,
                    counted: false,
                    method: asked.method,
                    params: asked.params,
                });
            }
        }
        Some(entry)
    }
}

/// The attempts that the result will have to tell of.
fn before(kept: &Kept) -> Vec<Before> {
    let told = |n: u32| {
        let mut before = Before::unknown(n);
        if let Some(attempt) = kept.attempts.iter().find(|attempt| attempt.n == n) {
            (before.provider, before.model) = (attempt.provider.clone(), attempt.model.clone());
        }
        if kept.cut.contains(&n) {
            before.fate = AttemptFate::Cut;
        } else if kept.failed.contains(&n) {
            before.fate = AttemptFate::Failed;
        }
        before
    };
    (1..=kept.attempts_made().min(ATTEMPTS_SEEN_MAX)).map(told).collect()
}

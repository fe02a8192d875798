//! What follows a failure: the same candidate again, another one, or the end.

use std::time::Duration;

use super::{BILLED_MAX, Call, REQUESTS_MAX};
use crate::attempt::Failed;
use crate::backoff;
use crate::cause::{Again, Cause, Next};
use crate::chat::Role;
use crate::route::Candidate;
use crate::splice::Joined;

/// At a rate limit, another candidate is better than a longer wait than this.
const RATE_PATIENCE: Duration = Duration::from_secs(3);

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The same candidate, after a pause.
    Again(Duration),
    /// The candidate of this index.
    Next(usize),
    /// No more.
    Stop,
}

impl Call<'_> {
    pub(super) fn step(&self, failed: &Failed, index: usize, tries: u32) -> Step {
        let now = self.layer.timer.now();
        if self.billed >= BILLED_MAX || self.requests >= REQUESTS_MAX || now >= self.context.deadline {
            return Step::Stop;
        }
        let next = self.next(failed.cause, index);
        let more = self.is_other_sooner(failed, index, tries);
        // The last attempt is the next candidate's, and so is the reserve.
        let end = if next.is_some() { self.reserve_at } else { self.context.deadline };
        let kept = more && self.billed + 1 >= BILLED_MAX;
        let again = self.again(failed, tries, more).filter(|pause| !kept && now + *pause < end);
        match (again, next) {
            (Some(pause), _) if self.may_retry(failed.cause, index, tries, more) => Step::Again(pause),
            (_, Some(next)) => Step::Next(next),
            (_, None) => Step::Stop,
        }
    }

    /// Whether the provider's budget of retries allows one more, and takes it. Where nobody else is left to ask, a call keeps
    /// its first retry, and a rate limit is waited out: the one at most doubles the load, the other has its own pauses.
    fn may_retry(&self, cause: Cause, index: usize, tries: u32, more: bool) -> bool {
        let candidate = self.route.candidates.get(index);
        let endpoint = candidate.and_then(|candidate| self.layer.endpoint(candidate.provider));
        let Some((_, state)) = endpoint else { return false };
        let (mut pace, now) = (state.pace(), self.layer.timer.now());
        if pace.budget.take(now) {
            return true;
        }
        let is_kept = !more && (tries == 0 || cause == Cause::Rate);
        if is_kept {
            pace.budget.force(now);
        } else {
            pace.budget.skip();
        }
        is_kept
    }

    /// The pause before the same candidate is asked again, if it is to be.
    fn again(&self, failed: &Failed, tries: u32, more: bool) -> Option<Duration> {
        match failed.cause.again() {
            Again::No => None,
            Again::AtOnce(most) => (tries < most).then_some(Duration::ZERO),
            Again::Mended => {
                (failed.is_mendable && tries == 0 && self.has_answers()).then_some(Duration::ZERO)
            }
            Again::IfLast(most) => (!more && tries < most).then_some(Duration::ZERO),
            Again::BackoffIfAtOnce(_) if more && !failed.at_once => None,
            Again::Backoff(most) | Again::BackoffIfAtOnce(most) => {
                let pause =
                    backoff::server(tries, &self.layer.jitter).max(failed.retry_after.unwrap_or_default());
                (tries < most && !(more && pause > backoff::LONGEST)).then_some(pause)
            }
            Again::Rate => {
                let usual = backoff::rate(tries)?;
                // A wish that did not help is a minimum.
                let pause =
                    failed.retry_after.map_or(usual, |wish| if tries == 0 { wish } else { wish.max(usual) });
                (!more || pause <= RATE_PATIENCE).then_some(pause)
            }
        }
    }

    /// Whether a model's own words are among the turns: only those can be mended.
    fn has_answers(&self) -> bool {
        self.chat.messages.iter().any(|message| message.role == Role::Assistant)
    }

    /// Whether another candidate can be asked now, or at least before this one could be again. One that is paused for longer
    /// would most likely only say why.
    fn is_other_sooner(&self, failed: &Failed, index: usize, tries: u32) -> bool {
        let at = self.layer.moment();
        let others = self.nexts(failed.cause, index).filter_map(|next| self.route.candidates.get(next));
        match others.map(|candidate| self.held_for(candidate, at)).min() {
            None => false,
            Some(Duration::ZERO) => true,
            Some(wait) => self.again(failed, tries, false).is_none_or(|pause| wait < pause),
        }
    }

    fn next(&self, cause: Cause, index: usize) -> Option<usize> {
        self.nexts(cause, index).next()
    }

    /// The candidates that may follow after such a failure of this one.
    fn nexts(&self, cause: Cause, index: usize) -> impl Iterator<Item = usize> {
        let context = self.route.candidates.get(index).map_or(u32::MAX, |candidate| candidate.model.context);
        let fits = move |candidate: &Candidate| {
            self.may_be_asked(candidate)
                && match cause.next() {
                    Next::No => false,
                    Next::Any => true,
                    // Where it is not known, the provider judges.
                    Next::LargerContext => candidate.model.context == 0 || candidate.model.context > context,
                }
        };
        let all = index + 1..self.route.candidates.len();
        all.filter(move |at| self.route.candidates.get(*at).is_some_and(&fits))
    }

    /// A request for the rest failed: `true` where the same candidate is to be asked for the whole at once. What was turned
    /// down before it cost anything says nothing about the question itself. What gave nothing, or began anew, is not asked
    /// for a rest again.
    pub(super) fn is_declined(&mut self, failed: &Failed, index: usize) -> bool {
        let refused = !failed.billed
            && matches!(
                failed.cause,
                Cause::BadRequest | Cause::ModelGone | Cause::WrongAddress | Cause::ContextOverflow
            );
        if refused || failed.cause == Cause::EmptyAnswer || failed.joined == Joined::Anew {
            self.declined.insert(index);
        }
        refused && self.requests < REQUESTS_MAX
    }
}

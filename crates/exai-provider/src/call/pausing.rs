//! Whether a candidate is asked at all: not while it is paused, unless no other is left.

use std::time::Duration;

use super::{Call, failed};
use crate::attempt::{Failed, NOTE_EVERY};
use crate::breaker::{Entry, Moment, Paused};
use crate::cause::Cause;
use crate::fair_queue::LineName;
use crate::route::Candidate;
use crate::span::wait;

/// What a failure is told with where its candidate was asked during its pause.
const ASKED_EARLY: &str = "it was paused, and asked because nothing else was left";

/// What is said where no more calls may wait.
pub(super) const TOO_MANY: &str = "as many calls wait for it as may";

/// By so much an end must lie behind the next try for both to be told.
const TRIED_BEFORE: Duration = Duration::from_secs(60);

/// The line of a candidate among the places.
pub(super) fn line(candidate: &Candidate) -> LineName {
    (candidate.provider, candidate.model.id.as_str().into())
}

impl Call<'_> {
    /// How the candidate may be asked; where another call tries it and no other candidate is left, waits for what comes of
    /// that. Nothing is taken.
    pub(super) async fn entry(&self, index: usize, line: &LineName) -> Result<Entry, Failed> {
        let until = self.patience(index);
        let mut stand = None;
        loop {
            let freed = self.layer.circuits.freed();
            let at = self.layer.moment();
            let Err(paused) = self.layer.circuits.look(line, at) else { return Ok(Entry::InTime) };
            if self.is_another_sooner(index, paused, at) {
                return Err(open(paused, at));
            }
            if !paused.is_probed {
                return Ok(Entry::Early);
            }
            if at.now >= self.context.deadline {
                return Err(failed(Cause::Deadline, "another call tried it for all of the call's time"));
            }
            if at.now >= until {
                return Err(open(paused, at));
            }
            if stand.is_none() {
                let endpoint = self.layer.endpoint(line.0);
                let too_many = || failed(Cause::Busy, TOO_MANY);
                stand = Some(
                    endpoint.and_then(|(_, state)| state.stand(self.context.sharer)).ok_or_else(too_many)?,
                );
            }
            let (model, why) = (&line.1, paused.cause.words());
            self.note(format!("{model}: paused ({why}); waiting for another call that tries it"));
            tokio::select! {
                biased;
                () = freed => {}
                () = self.layer.timer.sleep_until(until.min(at.now + NOTE_EVERY)) => {}
            }
        }
    }

    /// Whether one of the later candidates may be asked, or may be before this one.
    fn is_another_sooner(&self, index: usize, paused: Paused, at: Moment) -> bool {
        let later = self.route.candidates.iter().skip(index + 1).filter(|one| self.may_be_asked(one));
        later.map(|one| self.held_for(one, at)).any(|other| other.is_zero() || other < paused.wait)
    }

    /// How long a candidate is paused still, or its route closed; zero where it may be asked.
    pub(super) fn held_for(&self, candidate: &Candidate, at: Moment) -> Duration {
        let circuits = &self.layer.circuits;
        let pause =
            circuits.look(&line(candidate), at).map_or_else(|paused| paused.wait, |()| Duration::ZERO);
        let quarantine = &self.layer.quarantine;
        pause.max(quarantine.left(candidate.provider, &candidate.model.id, at).unwrap_or_default())
    }
}

/// A failure, with a remark where its candidate was asked early.
pub(super) fn marked(failed: Failed, entry: Entry) -> Failed {
    match entry {
        Entry::InTime => failed,
        Entry::Early if failed.detail.is_empty() => Failed { detail: ASKED_EARLY.to_owned(), ..failed },
        Entry::Early => Failed { detail: format!("{}; {ASKED_EARLY}", failed.detail), ..failed },
    }
}

/// What a candidate that is passed over is reported with.
fn open(paused: Paused, at: Moment) -> Failed {
    let why = paused.cause.words();
    let left = paused.until.saturating_sub(at.wall);
    let detail = match (paused.is_probed, paused.wait.is_zero()) {
        (true, _) => format!("{why}; another call tries it just now"),
        (false, true) => why.to_owned(),
        (false, false) if left > paused.wait + TRIED_BEFORE => {
            format!("{why}; said to last another {}, tried again in {}", wait(left), wait(paused.wait))
        }
        (false, false) => format!("{why}; for another {}", wait(paused.wait)),
    };
    Failed { until: Some(paused.until), ..failed(Cause::Open, &detail) }
}

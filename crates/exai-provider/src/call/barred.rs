//! Candidates that are not asked: models that are retired, and routes that their provider has just closed.

use super::{Call, failed};
use crate::attempt::Failed;
use crate::cause::Cause;
use crate::model::Status;
use crate::route::Candidate;

impl Call<'_> {
    /// Lets a candidate pass, or says why it is not asked.
    ///
    /// # Errors
    /// With the cause, for a candidate that is to be passed over; nothing was sent, nothing waited for.
    pub(super) fn passable(&self, candidate: &Candidate, index: usize) -> Result<(), Failed> {
        let model = &candidate.model;
        if model.status == Status::Retired {
            let ended = model.ends.map_or_else(String::new, |day| format!("it ended {}", day.when()));
            return Err(failed(Cause::Retired, &ended));
        }
        // The last one left is asked all the same: a refusal costs nothing, and says why in the provider's words.
        if self.is_last(index) {
            return Ok(());
        }
        let at = self.layer.moment();
        match self.layer.quarantine.why(candidate.provider, &model.id, at) {
            Some((why, age)) => {
                let minutes = age.as_secs().div_ceil(60);
                Err(failed(Cause::ModelGone, &format!("not asked again; {minutes} min ago: {why}")))
            }
            None => Ok(()),
        }
    }

    /// Remembers what an attempt showed of its route.
    pub(super) fn remember(&self, candidate: &Candidate, outcome: Result<(), &Failed>) {
        let route = &self.layer.quarantine;
        match outcome {
            Ok(()) => {
                if route.lift(candidate.provider, &candidate.model.id) {
                    self.layer.circuits.turn();
                }
            }
            // A request for the rest of an answer may go to an address of its own, which says nothing of the model.
            Err(failed) if failed.cause == Cause::ModelGone && self.plan.is_none() => {
                let at = self.layer.moment();
                route.put(candidate.provider, &candidate.model.id, &failed.detail, at);
                self.layer.circuits.turn();
            }
            Err(_) => {}
        }
    }
}

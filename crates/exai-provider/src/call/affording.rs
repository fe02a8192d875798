//! Whether a candidate is to be asked at all: what it may cost, and what it can take.

use super::continuing::Plan;
use super::{Call, failed};
use crate::attempt::Failed;
use crate::cause::{Cause, Next};
use crate::left_out::{self, LeftOut};
use crate::route::Candidate;
use crate::spend::{Charge, midnight};
use crate::tokens::{self, message_tokens};

impl<'a> Call<'a> {
    /// Whether a candidate is worth going on to.
    pub(super) fn may_be_asked(&self, candidate: &Candidate) -> bool {
        self.affordable(candidate).is_ok()
    }

    /// Whether its provider's limit for a day leaves anything for it.
    pub(super) fn affordable(&self, candidate: &Candidate) -> Result<(), Failed> {
        let Some(ledger) = self.layer.ledger(candidate.provider) else { return Ok(()) };
        let Some(ceiling) = ledger.ceiling() else { return Ok(()) };
        let Some(price) = candidate.model.price else {
            return Err(failed(Cause::Unpriced, "the limit for a day has nothing to count it by"));
        };
        let wall = self.layer.timer.wall();
        let spent = ledger.spent(wall);
        if price.is_free() || spent < ceiling {
            return Ok(());
        }
        let detail = format!("{} of {} USD are spent today, UTC", usd(spent), usd(ceiling));
        Err(Failed { until: Some(midnight(wall)), ..failed(Cause::Budget, &detail) })
    }

    /// Whether the question leaves room for an answer.
    pub(super) fn fits(&self, candidate: &Candidate) -> Result<(), Failed> {
        match left_out::too_long(&candidate.model, self.route.prompt_tokens) {
            Some(why) => Err(failed(Cause::ContextOverflow, &why)),
            None => Ok(()),
        }
    }

    /// Whether question and beginning of the answer leave room for its rest.
    pub(super) fn fits_after(&self, candidate: &Candidate, beginning: &str) -> bool {
        let needed = self.route.prompt_tokens + message_tokens(beginning);
        needed <= tokens::room_with_beginning(candidate.model.context, candidate.model.output_cap)
    }

    /// Charges the request that goes out now.
    pub(super) fn charge(&self, candidate: &Candidate, plan: Option<&Plan>) -> Option<Charge<'a>> {
        let layer = self.layer;
        let beginning = plan.map_or(0, |plan| message_tokens(plan.beginning()));
        let prompt = self.route.prompt_tokens + beginning;
        let ledger = layer.ledger(candidate.provider)?;
        Some(ledger.charge(&*layer.timer, candidate.model.price, prompt))
    }

    /// Why the call failed. What was not even sent says less than what was.
    pub(super) fn verdict(&self, last: Cause) -> Cause {
        match (last, self.failed) {
            (Cause::Budget | Cause::Unpriced | Cause::ContextOverflow, Some(failed)) => failed,
            _ => last,
        }
    }

    /// Who else might have answered, in a sentence; empty where nobody, or where it would have helped nobody.
    pub(super) fn left_out(&self, cause: Cause) -> String {
        if cause.next() == Next::No {
            return String::new();
        }
        let is_told = |candidate: &Candidate| {
            let mut reports = self.reports.iter();
            reports.any(|report| report.model == candidate.model.id)
        };
        let untold = self.route.candidates.iter().filter(|candidate| !is_told(candidate));
        let unaffordable = untold.filter_map(|candidate| {
            let failed = self.affordable(candidate).err()?;
            Some(LeftOut::new(&candidate.model, &format!("{}: {}", failed.cause.words(), failed.detail)))
        });
        let all: Vec<LeftOut> = unaffordable.chain(self.route.left_out.iter().cloned()).collect();
        left_out::sentence(&all)
    }
}

/// An amount in dollars.
fn usd(nano_usd: u64) -> String {
    format!("{:.2}", nano_usd as f64 / 1e9)
}

//! Whether a candidate is to be asked at all: what it may cost, and what it can take.

use super::continuing::Plan;
use super::{Call, failed};
use crate::attempt::Failed;
use crate::cause::Cause;
use crate::left_out;
use crate::model::Model;
use crate::reply::Usage;
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

    /// Holds what a provider counted for an attempt to what its model can take. A count of billions for ten words would use up
    /// the limit for a day, and the rate a minute for weeks. Says whether anything of it was too much.
    pub(super) fn hold(&self, candidate: &Candidate, n: u32, usage: &mut Option<Usage>) -> bool {
        let Model { provider, id: model, context, output_cap, .. } = &*candidate.model;
        let most = tokens::most(*context, *output_cap);
        let Some(told) = usage.filter(|told| told.prompt_tokens.max(told.completion_tokens) > most) else {
            return false;
        };
        let Usage { prompt_tokens, completion_tokens, .. } = told;
        let call = self.log_id();
        tracing::warn!(
            call,
            n,
            provider,
            model,
            prompt_tokens,
            completion_tokens,
            most,
            "more tokens than the model can take: no more than that are counted; if it can, put its context into a models file"
        );
        *usage = Some(told.at_most(most));
        true
    }

    /// Charges the request that goes out now.
    pub(super) fn charge(&self, candidate: &Candidate, plan: Option<&Plan>) -> Option<Charge<'a>> {
        let layer = self.layer;
        let beginning = plan.map_or(0, |plan| message_tokens(plan.beginning()));
        let prompt = self.route.prompt_tokens + beginning;
        let ledger = layer.ledger(candidate.provider)?;
        Some(ledger.charge(&*layer.timer, candidate.model.price, prompt))
    }
}

/// An amount in dollars.
fn usd(nano_usd: u64) -> String {
    format!("{:.2}", nano_usd as f64 / 1e9)
}

//! What a call gives back, and what it keeps until then.

use std::sync::Arc;

use super::continuing::{Part, Plan};
use super::{Call, Failed};
use crate::answer::{ANSWER_BYTES_MAX, Answer};
use crate::attempt::Brought;
use crate::broke::Broke;
use crate::cause::{Cause, Next};
use crate::continued::Continued;
use crate::left_out::{self, LeftOut};
use crate::model::Model;
use crate::reply::{Ending, Failure, Reply, Usage};
use crate::request;
use crate::route::Candidate;
use crate::sentence;
use crate::splice::Joined;
use crate::succession;

/// An answer, or a part of one, and whose it is.
struct Text {
    provider: String,
    /// Model that was asked.
    model: String,
    answer: Answer,
    seams: Vec<Continued>,
    ending: Ending,
    unreadable: u32,
}

impl Call<'_> {
    /// Remembers what a failed attempt had brought, if there is more of it than before.
    pub(super) fn keep(&mut self, failed: Failed, candidate: &Candidate, plan: Option<Plan>) {
        self.add_usage(failed.answer.usage);
        let best = self.best.as_ref().map_or(0, |best| best.answer.text.len());
        let is_usable = !failed.answer.text.trim().is_empty() && failed.cause != Cause::Policy;
        if !is_usable || failed.answer.text.len() <= best {
            return;
        }
        let (provider, model) = candidate.names();
        let broke = Broke::Failed(failed.cause);
        let (generated, unreadable) = (failed.generated, failed.unreadable);
        let (answer, seams) = merge(*failed.answer, failed.joined, plan.as_ref(), &model);
        self.best = Some(Arc::new(Part { provider, model, broke, answer, seams, generated, unreadable }));
    }

    /// The answer that an attempt brought.
    pub(super) fn reply(mut self, candidate: &Candidate, brought: Brought, plan: Option<Plan>) -> Reply {
        self.add_usage(brought.answer.usage);
        let (provider, model) = candidate.names();
        let (answer, seams) = merge(brought.answer, brought.joined, plan.as_ref(), &model);
        let (ending, unreadable) = (brought.ending, brought.unreadable);
        self.make_reply(Text { provider, model, answer, seams, ending, unreadable })
    }

    /// The longest part that there is, else the failure.
    pub(super) fn give_up(mut self, cause: Cause) -> Result<Reply, Failure> {
        let cause = self.verdict(cause);
        let left_out = self.left_out(cause);
        let Some(part) = self.best.take() else {
            let mut message = sentence::failure(cause, &self.reports, &self.layer.config.providers);
            for successor in self.successors() {
                message.push(' ');
                message.push_str(&successor);
            }
            if !left_out.is_empty() {
                message = format!("{message} {left_out}");
            }
            return Err(Failure { cause, message, attempts: self.reports });
        };
        let Part { provider, model, broke, answer, seams, unreadable, .. } = Arc::unwrap_or_clone(part);
        let is_too_large = broke == Broke::Failed(Cause::TooLarge);
        let ending = if is_too_large { Ending::Truncated } else { Ending::Partial(broke) };
        let mut reply = self.make_reply(Text { provider, model, answer, seams, ending, unreadable });
        reply.notes.extend((!left_out.is_empty()).then_some(left_out));
        if is_too_large {
            let most = ANSWER_BYTES_MAX >> 20;
            reply.notes.push(format!("The answer went on past {most} MiB, the most that is taken of any."));
        }
        Ok(reply)
    }

    /// Why the call failed. What was not even sent says less than what was.
    fn verdict(&self, last: Cause) -> Cause {
        match (last, self.failed) {
            (Cause::Budget | Cause::Unpriced | Cause::ContextOverflow, Some(failed)) => failed,
            _ => last,
        }
    }

    /// Who else might have answered, in a sentence; empty where nobody, or where it would have helped nobody.
    fn left_out(&self, cause: Cause) -> String {
        if cause.next() == Next::No {
            return String::new();
        }
        let is_told = |candidate: &Candidate| {
            let Model { provider, id, .. } = &*candidate.model;
            self.reports.iter().any(|report| (&report.provider, &report.model) == (provider, id))
        };
        let untold = self.route.candidates.iter().filter(|candidate| !is_told(candidate));
        let unaffordable = untold.filter_map(|candidate| {
            let failed = self.affordable(candidate).err()?;
            Some(LeftOut::new(&candidate.model, &format!("{}: {}", failed.cause.words(), failed.detail)))
        });
        let unfit = self.route.left_out.iter().filter(|one| one.matters(cause)).cloned();
        let all: Vec<LeftOut> = unaffordable.chain(unfit).collect();
        left_out::sentence(&all)
    }

    fn make_reply(self, text: Text) -> Reply {
        let Text { provider, model: asked_model, answer, seams, ending, unreadable } = text;
        let redactor = &self.layer.redactor;
        let mut models = self.route.candidates.iter().map(|candidate| &candidate.model);
        let asked = models.find(|model| (&model.provider, &model.id) == (&provider, &asked_model));
        let mut notes = asked.map_or_else(Vec::new, |model| request::left_out(model, self.chat));
        notes.extend(asked.and_then(|model| succession::note(model)));
        notes.extend(self.successors());
        if unreadable > 0 {
            notes.push(
                "One chunk of the stream could not be read; a piece of the answer may be missing.".to_owned(),
            );
        }
        Reply {
            text: answer.text,
            reasoning: answer.reasoning,
            tool_calls: answer.tool_calls,
            requested_model: self.route.requested.clone(),
            model: answer
                .model
                .map(|model| redactor.name(&model))
                .filter(|model| !model.is_empty())
                .unwrap_or_else(|| asked_model.clone()),
            provider,
            asked_model,
            attempts: self.reports,
            usage: self.usage,
            finish: answer.finish.map(|finish| redactor.name(&finish)),
            ending,
            continued: seams,
            notes,
        }
    }

    fn successors(&self) -> Vec<String> {
        succession::successors(&self.layer.known.now(), &self.reports)
    }

    fn add_usage(&mut self, usage: Option<Usage>) {
        if let Some(usage) = usage {
            self.usage.get_or_insert_default().add(usage);
        }
    }
}

/// An answer with what it went on from, and the seams in its text.
fn merge(mut answer: Answer, joined: Joined, plan: Option<&Plan>, model: &str) -> (Answer, Vec<Continued>) {
    match (joined, plan) {
        (Joined::At(_), Some(plan)) => {
            answer.reasoning.insert_str(0, &plan.part.answer.reasoning);
            (answer, plan.seams(model))
        }
        _ => (answer, Vec::new()),
    }
}

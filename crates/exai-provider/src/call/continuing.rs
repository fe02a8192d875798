//! Whether a request goes on from what an earlier one has brought, and how.
//!
//! A whole new answer reads better than one with a seam, but is paid for twice. So a text is gone on from where much would
//! be lost otherwise: more than a fifth of the longest output, or a minute of generation; or where no further attempt could
//! make good a failure.
//!
//! A text that was lost with the daemon came out of a healthy stream, and an endpoint that takes it back as its own leaves
//! no seam: there it is always gone on from. A continue turn is another matter. It is a guess of the model's where to take
//! up the thread, also then, so the same rules hold for it: beginning anew costs the user at most the part that was kept,
//! which by these rules is small.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::Answer;
use crate::before::Before;
use crate::broke::Broke;
use crate::cause::Cause;
use crate::continuation::{Continuation, How};
use crate::continued::Continued;
use crate::kept::Kept;
use crate::prefix::Prefix;
use crate::splice::{self, Splice};
use crate::tokens::tokens;

/// Fewest characters that are worth a seam.
const CHARS_MIN: usize = 200;

/// Generating for longer than this is worth a seam.
const GENERATED: Duration = Duration::from_secs(60);

/// A part of an answer.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) provider: String,
    /// Model that was asked.
    pub(super) model: String,
    pub(super) broke: Broke,
    /// With the text from its beginning.
    pub(super) answer: Answer,
    /// The seams in that text.
    pub(super) seams: Vec<Continued>,
    /// How long its last attempt generated.
    pub(super) generated: Duration,
    /// Chunks that could not be read: the text may have a hole.
    pub(super) unreadable: u32,
}

/// A candidate that might go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidacy<'a> {
    pub(super) provider: &'a str,
    pub(super) prefix: Prefix,
    /// Most tokens of its answer.
    pub(super) output: u32,
    /// Whether no attempt is left after this one.
    pub(super) is_last_attempt: bool,
}

/// A part to go on from.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) part: Arc<Part>,
    how: How,
    /// Bytes of its text that stay.
    upto: usize,
}

/// Decides; `None`: from the beginning.
pub(super) fn plan(part: &Arc<Part>, candidacy: Candidacy<'_>) -> Option<Plan> {
    if !part.can_be_gone_on_from() {
        return None;
    }
    let is_worth_a_seam = candidacy.is_last_attempt
        || part.generated > GENERATED
        || tokens(&part.answer.text) > u64::from(candidacy.output) / 5;
    let text = &part.answer.text;
    let (how, upto) = match candidacy.prefix {
        Prefix::None if is_worth_a_seam => (How::Turn, splice::seam(text)),
        Prefix::None => return None,
        prefix if is_worth_a_seam || part.broke.was_healthy() && part.provider == candidacy.provider => {
            (How::Prefix(prefix), text.len())
        }
        _ => return None,
    };
    Some(Plan { part: Arc::clone(part), how, upto })
}

impl Plan {
    /// The text that stays.
    pub(super) fn beginning(&self) -> &str {
        self.part.answer.text.get(..self.upto).unwrap_or_default()
    }

    /// What a request to this model is told.
    pub(super) fn continuation(&self, provider: &str, model: &str) -> Continuation<'_> {
        // What one model thought is nothing to another.
        let is_same = (self.part.provider.as_str(), self.part.model.as_str()) == (provider, model);
        let reasoning = if is_same { self.part.answer.reasoning.as_str() } else { "" };
        Continuation { text: self.beginning(), reasoning, how: self.how }
    }

    /// What joins the rest to it.
    pub(super) fn splice(&self) -> Splice<'_> {
        Splice::after(self.beginning(), self.how.manner())
    }

    /// The seams of a text in which `model` went on from this part.
    pub(super) fn seams(&self, model: &str) -> Vec<Continued> {
        let at_char = self.beginning().chars().count() as u64;
        // Where to go on may lie before the newest seam: then it ends in what an earlier model had written.
        let (mut seams, beyond): (Vec<Continued>, Vec<Continued>) =
            self.part.seams.iter().cloned().partition(|seam| seam.at_char < at_char);
        let from_model =
            beyond.into_iter().next().map_or_else(|| self.part.model.clone(), |seam| seam.from_model);
        seams.push(Continued { at_char, from_model, to_model: model.to_owned(), cause: self.part.broke });
        seams
    }
}

impl Part {
    /// The text that an earlier start of the daemon left; `None` where it says nothing.
    pub(super) fn of_kept(kept: Kept<'_>, before: &[Before]) -> Option<Self> {
        if kept.text.trim().is_empty() {
            return None;
        }
        Some(Self {
            provider: kept.provider.to_owned(),
            model: kept.model.to_owned(),
            broke: kept.broke(before),
            answer: Answer::of_text(kept.text),
            seams: kept.continued(before),
            generated: Duration::ZERO,
            unreadable: 0,
        })
    }

    /// Only plain text can be taken up in the middle: no tool call, no reasoning among the text, nothing that a provider's
    /// rules have stopped, and nothing with a hole, which going on would not mend.
    fn can_be_gone_on_from(&self) -> bool {
        let text = &self.answer.text;
        text.chars().nth(CHARS_MIN - 1).is_some()
            && self.answer.tool_calls.is_empty()
            && self.unreadable == 0
            && !is_inside_reasoning(text)
            && !matches!(self.broke, Broke::Failed(Cause::Policy | Cause::TooLarge))
    }
}

/// Whether a text ends in the middle of reasoning, which some servers leave among the text.
fn is_inside_reasoning(text: &str) -> bool {
    text.trim_start().starts_with("<think>") && !text.contains("</think>")
}

#[cfg(test)]
mod tests;

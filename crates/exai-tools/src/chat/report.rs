//! The result of `chat`: the answer, and how it came about.

use exai_provider::{AttemptReport, Before, Broke, Cause, Continued, Ending, Reply, Usage, span_ms};
use serde::Serialize;
use serde_json::Value;

use super::{lost, seams};
use crate::conversation::ConversationId;
use crate::models;
use crate::result::{Text, ToolResult};
use crate::spent::Spent;

/// Cause of an attempt that was not made because of earlier ones.
const PAUSED: &str = Cause::Open.code();

/// An answer with what is to be told of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) reply: Reply,
    /// Id of the model that the call asked for first, by name or as the default; `None` if the catalogue does not know.
    pub(crate) expected: Option<String>,
    /// Where question and answer are kept.
    pub(crate) conversation: ConversationId,
    /// Earlier exchanges that found no room in the prompt.
    pub(crate) left_out: usize,
    /// Attempts that earlier starts of the daemon did not live to report.
    pub(crate) before: Vec<Before>,
    /// Remark on arguments that were ignored.
    pub(crate) ignored: Option<String>,
}

/// What is to be done before asking helps.
const fn first(broke: Broke) -> &'static str {
    match broke {
        Broke::Failed(Cause::AccountDead) => {
            "see to the account's balance or plan, or name another model, and "
        }
        Broke::Failed(Cause::AuthDead) => "see to the key, or name another model, and ",
        Broke::Failed(Cause::Quota) => "wait for the quota's reset, or name another model, and ",
        _ => "",
    }
}

impl Report {
    /// The result. A partial answer is no error: hosts cut the text of errors, and this text is paid for.
    pub(crate) fn into_result(mut self) -> ToolResult {
        let first = [self.authors(), self.partial()].into_iter().flatten().collect::<Vec<_>>().join("\n");
        let last = self.last_line();
        let main = std::mem::take(&mut self.reply.text);
        let spent = self.reply.usage.map(|usage| Spent::of(usage, &self.reply.attempts, self.before.len()));
        ToolResult { spent, ..ToolResult::success(Text { first, main, last }, self.facts()) }
    }

    /// Says who answered where that is not one model, or not the one that was asked for.
    fn authors(&self) -> Option<String> {
        seams::authors(&self.reply).or_else(|| self.other_model())
    }

    fn other_model(&self) -> Option<String> {
        let Reply { model, provider, asked_model, .. } = &self.reply;
        let expected =
            self.expected.as_deref().or(self.reply.requested_model.as_deref()).unwrap_or(asked_model);
        if models::is_same(expected, model) {
            return None;
        }
        let wish = match self.reply.requested_model {
            Some(_) => "as requested",
            None => "the default",
        };
        let failed =
            self.reply.attempts.iter().find(|attempt| attempt.cause != "ok" && attempt.model == expected);
        let why = match failed {
            Some(attempt) => format!(" ({expected}: {})", why(attempt)),
            None if models::is_same(expected, asked_model) => format!(" ({provider} chose so itself)"),
            None => String::new(),
        };
        Some(format!("Note: answered by {model} ({provider}), not by {expected}, {wish}{why}."))
    }

    fn partial(&self) -> Option<String> {
        match &self.reply.ending {
            Ending::Partial(broke) => Some(format!(
                "PARTIAL ANSWER: it broke off ({}) and could not be completed. To get the rest, {}ask for it in the same \
                 conversation.",
                broke.words(),
                first(*broke)
            )),
            Ending::Whole | Ending::Unterminated | Ending::Truncated => None,
        }
    }

    fn ending(&self) -> (&'static str, Option<String>) {
        let told = |words: &str| Some(words.to_owned());
        match self.reply.ending {
            Ending::Whole => ("whole", None),
            Ending::Unterminated => {
                let why = match &self.reply.finish {
                    Some(reason) => format!("no usual end mark, finish reason {reason}"),
                    None => "no finish reason".to_owned(),
                };
                ("unterminated", Some(format!("most likely whole ({why})")))
            }
            Ending::Truncated => {
                ("truncated", told("TRUNCATED at the output limit: ask for the rest in this conversation"))
            }
            Ending::Partial(_) => ("partial", told("PARTIAL")),
        }
    }

    fn last_line(&self) -> String {
        let reply = &self.reply;
        let requested = reply.requested_model.as_deref().unwrap_or("default");
        let mut parts = vec![format!("{} ({}), requested: {requested}", reply.model, reply.provider)];
        parts.push(attempts_line(&reply.attempts, &self.before));
        parts.extend(seams::list(&reply.continued));
        if let Some(usage) = reply.usage {
            parts.push(format!("tokens: {} in, {} out", usage.prompt_tokens, usage.completion_tokens));
        }
        parts.extend(self.ending().1);
        if self.left_out > 0 {
            parts.push(format!("{} earlier turns left out, no room", self.left_out));
        }
        parts.extend(reply.notes.iter().cloned());
        parts.extend(self.ignored.clone());
        parts.push(format!("conversation: {}", self.conversation));
        format!("— {}", one_line(&parts.join(" · ")))
    }

    fn facts(&self) -> Facts<'_> {
        let reply = &self.reply;
        Facts {
            requested: reply.requested_model.as_deref(),
            provider: &reply.provider,
            asked: &reply.asked_model,
            model: &reply.model,
            attempts: &reply.attempts,
            attempts_lost: self.before.len(),
            before: lost::facts(&self.before),
            continued: &reply.continued,
            usage: reply.usage,
            finish: reply.finish.as_deref(),
            ending: self.ending().0,
            left_out: self.left_out,
            notes: &reply.notes,
            conversation: self.conversation.to_string(),
        }
    }
}

/// What the result says for programs.
#[derive(Serialize)]
struct Facts<'a> {
    requested: Option<&'a str>,
    provider: &'a str,
    asked: &'a str,
    model: &'a str,
    attempts: &'a [AttemptReport],
    attempts_lost: usize,
    before: Value,
    continued: &'a [Continued],
    usage: Option<Usage>,
    finish: Option<&'a str>,
    ending: &'static str,
    left_out: usize,
    notes: &'a [String],
    conversation: String,
}

/// Every attempt with cause and duration; `ok` alone needs no cause.
fn attempts_line(attempts: &[AttemptReport], before: &[Before]) -> String {
    if let [only] = attempts
        && only.cause == "ok"
        && before.is_empty()
    {
        return span_ms(only.ms);
    }
    let told = attempts.iter().map(|attempt| {
        let AttemptReport { n, provider, model, cause, ms, billed, .. } = attempt;
        if *cause == PAUSED {
            return format!("{model} ({provider}) {}", why(attempt));
        }
        // A request that was turned down before it could cost anything has no number of its own.
        let number = if *billed { format!("#{n} ") } else { String::new() };
        format!("{number}{model} ({provider}) {}, {}", attempt.words(), span_ms(*ms))
    });
    let told: Vec<String> = before.iter().map(lost::told).chain(told).collect();
    let count = attempts.iter().filter(|attempt| attempt.billed).count() + before.len();
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} attempt{plural}: {}", told.join("; "))
}

/// A pause says what it is for and how long it still takes; all other details are the provider's own words, and long.
fn why(attempt: &AttemptReport) -> String {
    match (attempt.cause, attempt.detail.as_str()) {
        (PAUSED, detail) if !detail.is_empty() => format!("{}: {detail}", attempt.words()),
        _ => attempt.words(),
    }
}

/// Providers' words must not break the last line in two.
fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests;

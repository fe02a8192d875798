//! Failures of `chat`, in sentences that say what to do next.

use exai_provider::{Before, Cause, Failure, ModelInfo, Status};
use serde_json::{Value, json};

use super::lost;
use super::prompt::TooLong;
use crate::arguments::excerpt;
use crate::conversation::ConversationsUnreadable;
use crate::result::ToolResult;

/// Most models that are offered instead.
const OFFERED: usize = 5;

/// Wrong arguments.
pub(crate) fn arguments(sentence: &str) -> ToolResult {
    ToolResult::failure(sentence, json!({ "error": "arguments", "retryable": false }))
}

/// A conversation that is not there.
pub(crate) fn unknown_conversation(name: &str, before: &[Before]) -> ToolResult {
    let sentence = format!(
        "Conversation \"{}\" is not known{}: its id is needed whole, as the answer names it. Old conversations make room for new ones, and are deleted \
         after a while. To go on, leave out `conversation` and put what matters into the prompt; the answer will name \
         a new id.",
        excerpt(name),
        unsent(before)
    );
    refused(before, &sentence, json!({ "error": "unknown_conversation", "retryable": false }))
}

/// Conversations can't be read now.
pub(crate) fn unreadable_conversation(why: &ConversationsUnreadable, before: &[Before]) -> ToolResult {
    // Whoever asks again pays again.
    let is_safe = before.is_empty();
    let advice = if is_safe { "Asking again is safe." } else { "Ask again only if the answer is worth it." };
    let sentence = format!("The conversation can't be read now{}: {why}. {advice}", unsent(before));
    refused(before, &sentence, json!({ "error": "conversation_unreadable", "retryable": is_safe }))
}

/// A question that is longer than the model's context.
pub(crate) fn too_long(
    beyond: &TooLong,
    asked: Option<&ModelInfo>,
    models: &[ModelInfo],
    before: &[Before],
) -> ToolResult {
    let TooLong { needed, room } = *beyond;
    let name = asked.map_or("the model", |model| model.id.as_str());
    let context = asked.map_or(0, |model| model.context);
    // Not what ends soon, nor what may be no model for chat.
    let offered = |model: &&ModelInfo| model.usable && model.status == Status::Current && !model.found;
    let mut larger: Vec<&ModelInfo> =
        models.iter().filter(offered).filter(|model| model.context > context).collect();
    larger.sort_by_key(|model| std::cmp::Reverse(model.context));
    let offers: Vec<String> =
        larger.iter().take(OFFERED).map(|model| format!("{} ({} tokens)", model.id, model.context)).collect();
    let offer = match offers.as_slice() {
        [] => String::new(),
        offers => format!(", or choose a model with a larger context: {}", offers.join(", ")),
    };
    let sentence = format!(
        "The prompt with its files is too long for {name}{}: about {needed} tokens, and {room} of its \
         context of {context} are free for them (the rest is kept for the answer). Send less{offer}.",
        unsent(before)
    );
    let facts = json!({ "error": "prompt_too_long", "retryable": false, "tokens": needed, "room": room });
    refused(before, &sentence, facts)
}

/// What is true of a call that is turned down before its first attempt, and not of one that earlier starts have tried.
const fn unsent(before: &[Before]) -> &'static str {
    if before.is_empty() { ", nothing was sent" } else { "" }
}

/// A call that this start did not try.
fn refused(before: &[Before], sentence: &str, mut facts: Value) -> ToolResult {
    if let (Value::Object(facts), false) = (&mut facts, before.is_empty()) {
        facts.insert("attempts_lost".to_owned(), json!(before.len()));
        facts.insert("before".to_owned(), lost::facts(before));
    }
    ToolResult::failure(&(lost::sentence(before) + sentence), facts)
}

/// A failure of the provider layer, whose message tells of every attempt and what to do.
/// Attempts that were lost with earlier starts of the daemon come first: they are what it may have cost.
pub(crate) fn provider(failed: &Failure, before: &[Before], env_file: Option<&str>) -> ToolResult {
    let mut sentences = lost::sentence(before);
    sentences.push_str(&failed.message);
    if let (Cause::NoKey, Some(file)) = (&failed.cause, env_file) {
        sentences.push_str(&format!(" The daemon reads such settings from {file}."));
    }
    let facts = json!({
        "error": failed.code(),
        "retryable": failed.is_retryable(),
        "attempts": failed.attempts,
        "attempts_lost": before.len(),
        "before": lost::facts(before),
    });
    ToolResult::failure(&sentences, facts)
}

#[cfg(test)]
mod tests;

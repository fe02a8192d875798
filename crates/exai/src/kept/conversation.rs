//! Conversations: the list, and the turns of one.

use std::fmt::Write as _;

use serde_json::Value;

use super::source::{Failed, Source};
use super::table::table;
use super::words::{age, bytes, items, now_ms, number, text, utc};

/// The list for people.
pub(crate) fn list(told: &Value) -> String {
    let now = now_ms();
    let lines: Vec<_> = items(told, "conversations").map(|one| line(one, now)).collect();
    if lines.is_empty() {
        return "no conversations\n".to_owned();
    }
    let mut page = table(["conversation", "turns", "size", "begun", "last turn", "first question"], &lines);
    if let Some(left_out @ 1..) = number(told, "left_out") {
        let _ = writeln!(page, "and {left_out} older ones");
    }
    page
}

fn line(one: &Value, now: u64) -> [String; 6] {
    [
        text(one, "id").unwrap_or("?").to_owned(),
        number(one, "turns").unwrap_or_default().to_string(),
        bytes(number(one, "bytes").unwrap_or_default()),
        format!("{} ago", age(now, number(one, "began_ms"))),
        format!("{} ago", age(now, number(one, "last_ms"))),
        text(one, "first").unwrap_or_default().to_owned(),
    ]
}

/// The turns of a conversation, page by page, each with the id of the conversation.
///
/// # Errors
/// [`Failed`], and what `take` says.
pub(crate) fn pages<E: From<Failed>>(
    source: &Source,
    id: &str,
    mut take: impl FnMut(&str, &[Value]) -> Result<(), E>,
) -> Result<(), E> {
    let mut from = 0;
    loop {
        let page = source.conversation(id, from)?;
        let turns: Vec<Value> = items(&page, "turns").cloned().collect();
        take(text(&page, "id").unwrap_or(id), &turns)?;
        match number(&page, "next").filter(|next| *next > from) {
            Some(next) => from = next,
            None => return Ok(()),
        }
    }
}

/// One turn, read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn<'a>(pub(crate) &'a Value);

/// A turn as Markdown. Of files it names path and size; their text is in the JSON.
pub(crate) fn markdown(Turn(turn): Turn<'_>) -> String {
    let exchange = turn.get("exchange").unwrap_or(&Value::Null);
    let at = number(turn, "at_ms").map(utc).unwrap_or_default();
    let mut page = format!("## {}, {at}\n", number(turn, "seq").unwrap_or_default());
    // Writing to a String can't fail.
    if let Some(model) = text(exchange, "model") {
        let _ = writeln!(page, "\nModel asked for: {model}");
    }
    if let Some(system) = text(exchange, "system") {
        let _ = writeln!(page, "\n### System\n\n{}", system.trim_end());
    }
    let _ = writeln!(page, "\n### Question\n\n{}", text(exchange, "prompt").unwrap_or_default().trim_end());
    for (place, file) in items(exchange, "files").enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        let size = bytes(number(file, "bytes").unwrap_or_default());
        let _ = writeln!(page, "{gap}- file {} ({size})", text(file, "path").unwrap_or("?"));
    }
    let _ = writeln!(page, "\n### Answer\n\n{}", text(exchange, "answer").unwrap_or_default().trim_end());
    page
}

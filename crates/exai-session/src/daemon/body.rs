//! Result objects that say more than the tool did.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

/// The result with a sentence after its content. What is no result object stays as it is.
pub(super) fn with_note(body: &RawValue, note: &str) -> Box<RawValue> {
    edited(body, note, |_| {}).unwrap_or_else(|| body.to_owned())
}

/// What the note of an answer that was taken over begins with.
const TAKEN_OVER: &str = "— kept answer: ";

/// The result of another call, with a sentence that says so in place of one that said it before.
pub(super) fn with_kept_note(body: &RawValue, sentence: &str) -> Box<RawValue> {
    let note = format!("{TAKEN_OVER}{sentence}");
    edited(body, &note, |content| {
        // What a tool says stands before it, whatever it says.
        if content.len() > 1 && content.last().is_some_and(|last| text_of(last).starts_with(TAKEN_OVER)) {
            content.pop();
        }
    })
    .unwrap_or_else(|| body.to_owned())
}

fn text_of(item: &RawValue) -> String {
    let item: serde_json::Value = serde_json::from_str(item.get()).unwrap_or_default();
    item.get("text").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn edited(body: &RawValue, note: &str, edit: impl FnOnce(&mut Vec<Box<RawValue>>)) -> Option<Box<RawValue>> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body.get()).ok()?;
    let content = fields.get("content")?;
    let mut content: Vec<Box<RawValue>> = serde_json::from_str(content.get()).ok()?;
    edit(&mut content);
    content.push(to_raw_value(&serde_json::json!({ "type": "text", "text": note })).ok()?);
    fields.insert("content".to_owned(), to_raw_value(&content).ok()?);
    to_raw_value(&fields).ok()
}

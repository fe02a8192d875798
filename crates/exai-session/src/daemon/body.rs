//! Result objects that say more than the tool did.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

/// The result with a sentence after its content. What is no result object stays as it is.
pub(super) fn with_note(body: &RawValue, note: &str) -> Box<RawValue> {
    noted(body, note).unwrap_or_else(|| body.to_owned())
}

fn noted(body: &RawValue, note: &str) -> Option<Box<RawValue>> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body.get()).ok()?;
    let content = fields.get("content")?;
    let mut content: Vec<Box<RawValue>> = serde_json::from_str(content.get()).ok()?;
    content.push(to_raw_value(&serde_json::json!({ "type": "text", "text": note })).ok()?);
    fields.insert("content".to_owned(), to_raw_value(&content).ok()?);
    to_raw_value(&fields).ok()
}

//! Results that the daemon makes itself, where no tool could.

use exai_session::Finished;
use exai_wire::Outcome;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

/// A failure with a sentence that the model can act on.
pub(crate) fn finished(text: &str) -> Finished {
    let body = json!({ "content": [{ "type": "text", "text": text }], "isError": true });
    Finished {
        outcome: Outcome::Error,
        body: to_raw_value(&body).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        turn: None,
        spent: None,
    }
}

/// What is said of a tool that panicked.
pub(crate) fn panicked() -> Finished {
    finished(
        "exai has a defect: the tool crashed. Other calls are not affected; asking again may crash it again.",
    )
}

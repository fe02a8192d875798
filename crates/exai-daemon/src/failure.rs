//! Results that the daemon makes itself, where no tool could.

use exai_session::Finished;
use exai_wire::Outcome;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

/// A failure with a sentence that the model can act on.
pub(crate) fn finished(text: &str) -> Finished {
    ended(Outcome::Error, text)
}

/// What is said of an effect that was cut at its deadline, after it had begun.
pub(crate) fn effect_cut() -> Finished {
    ended(
        Outcome::OutcomeUnknown,
        "The deadline passed while this call was running, so whether it took effect can't be known. Look before you \
         repeat it.",
    )
}

/// What is said of an effect whose tool panicked, after it had begun.
pub(crate) fn effect_crashed() -> Finished {
    ended(
        Outcome::OutcomeUnknown,
        "exai has a defect: the tool crashed while this call was running, so whether it took effect can't be known. \
         Look before you repeat it. Other calls are not affected.",
    )
}

fn ended(outcome: Outcome, text: &str) -> Finished {
    let body = json!({ "content": [{ "type": "text", "text": text }], "isError": true });
    Finished {
        outcome,
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

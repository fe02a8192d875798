//! Two-pass decoding and one-pass encoding of frames.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A frame that can't be read. The connection it came on is of no use any more: both ends close it.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not a JSON object, or without a string `t`.
    #[error("not a frame: {0}")]
    Envelope(serde_json::Error),
    /// A known type with a field missing or of the wrong kind.
    #[error("malformed {kind} frame: {source}")]
    Payload {
        /// The frame's type.
        kind: String,
        /// What serde says.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
}

pub(crate) fn type_of(text: &str) -> Result<Cow<'_, str>, FrameError> {
    serde_json::from_str::<Envelope<'_>>(text).map(|envelope| envelope.t).map_err(FrameError::Envelope)
}

pub(crate) fn payload<T: DeserializeOwned>(kind: &str, text: &str) -> Result<T, FrameError> {
    serde_json::from_str(text).map_err(|source| FrameError::Payload { kind: kind.to_owned(), source })
}

/// Puts `t` in front of the body's own fields. Flattening would copy raw values through a buffer that refuses
/// them, so the object is opened by hand.
pub(crate) fn encode<T: Serialize>(kind: &str, body: &T) -> String {
    let body = serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned());
    let fields = body.strip_prefix('{').unwrap_or("}");
    let comma = if fields == "}" { "" } else { "," };
    format!("{{\"t\":\"{kind}\"{comma}{fields}")
}

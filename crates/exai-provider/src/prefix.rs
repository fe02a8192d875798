//! How an endpoint is asked to go on from the beginning of an answer.

use serde::Deserialize;

/// What says that the last message is the beginning of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::enum_variant_names, reason = "the catalogue's word is the name of the field that is sent")]
pub(crate) enum Prefix {
    /// The endpoint can't.
    None,
    /// `"partial": true` in that message (Kimi).
    Partial,
    /// `"prefix": true` in that message (Mistral).
    Prefix,
    /// The same, and the path `/beta` instead of `/v1` (DeepSeek).
    Beta,
    /// `"continue_final_message": true` beside the messages (vLLM, SGLang).
    Vllm,
    /// Nothing but that it is the assistant's (llama.cpp).
    Bare,
}

impl Prefix {
    /// Whether the reasoning before the beginning goes back with it. Others refuse fields that they don't know.
    pub(crate) const fn takes_reasoning(self) -> bool {
        matches!(self, Self::Partial | Self::Beta)
    }
}

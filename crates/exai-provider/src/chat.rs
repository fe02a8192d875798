//! What the caller wants said.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Rules for the model.
    System,
    /// The person or program that asks.
    User,
    /// The model.
    Assistant,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    /// One turn.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// How hard a model thinks before it answers; each model gets the nearest that it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Not at all, where the model can.
    None,
    /// As little as the model can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// As much as the model can.
    Max,
}

impl Effort {
    /// All, rising.
    pub const ALL: [Self; 6] = [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Max];

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Max => "max",
        }
    }
}

/// Not a known effort.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("effort `{0}` is unknown; use none, minimal, low, medium, high or max")]
pub struct UnknownEffort(pub String);

impl FromStr for Effort {
    type Err = UnknownEffort;

    /// Takes the words of [`Effort::word`], and `off`, `disabled`, `xhigh` as other names.
    fn from_str(text: &str) -> Result<Self, UnknownEffort> {
        match text.trim().to_ascii_lowercase().as_str() {
            "none" | "off" | "disabled" => Ok(Self::None),
            "minimal" => Ok(Self::Minimal),
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            "max" | "xhigh" => Ok(Self::Max),
            _ => Err(UnknownEffort(text.to_owned())),
        }
    }
}

/// Whether another model may answer this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fallback {
    /// By the policy where no model is named; no other model where one is.
    #[default]
    ByPolicy,
    /// By the policy also where a model is named.
    Allowed,
    /// Never.
    Never,
}

/// One question.
#[derive(Debug, Clone, Default)]
pub struct Chat {
    /// Id, alias or `provider/model`; `None` or `auto`: the default model.
    pub model: Option<String>,
    /// The turns, oldest first; the last is the question.
    pub messages: Vec<Message>,
    /// Sampling temperature; left out, and noted in the reply, where a model does not allow it.
    pub temperature: Option<f64>,
    /// How hard to think; `None` leaves it to the model.
    pub effort: Option<Effort>,
    /// Whether another model may answer.
    pub fallback: Fallback,
}

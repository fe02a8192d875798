//! What is known of one model.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::Effort;
use crate::day::Day;
use crate::prefix::Prefix;
use crate::redact::is_unseen;
use crate::reply::Usage;

/// How long a healthy model may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IdleClass {
    /// Answers at once.
    Fast,
    /// Thinks before it answers, at times without a sign.
    Thinking,
    /// On somebody's own machine: may be loaded from disk first.
    Local,
}

impl IdleClass {
    /// Longest wait for the first sign.
    pub(crate) const fn first_event(self) -> Duration {
        Duration::from_secs(match self {
            Self::Fast => 120,
            Self::Thinking => 300,
            Self::Local => 900,
        })
    }

    /// Longest gap afterwards. For thinking models from the cases where 90 s and 120 s cut healthy answers.
    pub(crate) const fn idle(self) -> Duration {
        Duration::from_secs(match self {
            Self::Fast => 120,
            Self::Thinking => 600,
            Self::Local => 300,
        })
    }
}

/// Whether a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Thinking {
    /// It does not.
    Never,
    /// It can be turned on and off.
    Switch,
    /// It can't be turned off.
    Always,
}

/// Where a model stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Served, and no end of it is known.
    #[default]
    Current,
    /// Served still; its vendor advises against it, or has named the day of its end.
    Deprecated,
    /// Served no more; it is not asked.
    Retired,
}

/// What a model can do beside answering text with text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// It takes images.
    Vision,
    /// It calls tools.
    Tools,
    /// It answers in JSON where that is asked of it.
    Json,
    /// Its provider searches the web for it.
    Search,
}

impl Capability {
    /// The word in the catalogue.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Tools => "tools",
            Self::Json => "json",
            Self::Search => "search",
        }
    }
}

/// USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price {
    /// Of the question.
    pub(crate) input: f64,
    /// Of the answer.
    pub(crate) output: f64,
    /// Of the part of the question that the provider had in its cache.
    pub(crate) cached: Option<f64>,
}

impl Price {
    /// What so many tokens cost, in billionths of a dollar; `None` where a part of them has no price, or the provider's
    /// numbers contradict each other.
    pub(crate) fn nano_usd(self, usage: Usage) -> Option<u64> {
        let fresh = usage.prompt_tokens.checked_sub(usage.cached_tokens)?;
        let cached = match (usage.cached_tokens, self.cached) {
            (0, _) => 0.0,
            (_, cached) => cached?,
        };
        let parts =
            [(fresh, self.input), (usage.cached_tokens, cached), (usage.completion_tokens, self.output)];
        let sum: f64 = parts.iter().map(|(tokens, price)| *tokens as f64 * price).sum();
        // USD per million tokens: a token costs a thousand times as many billionths.
        Some((sum * 1000.0).round() as u64)
    }

    /// Whether nothing of it costs anything.
    pub(crate) fn is_free(self) -> bool {
        self.input <= 0.0 && self.output <= 0.0
    }
}

/// Longest id that is taken from others than the catalogue, in bytes. Far above any seen.
pub(crate) const ID_BYTES_MAX: usize = 200;

/// Whether a text can be an id: neither empty nor endless, and nothing in it that is not seen where it is told.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= ID_BYTES_MAX && !text.chars().any(is_unseen)
}

/// What is known of one model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    /// Id, as the provider knows it.
    pub(crate) id: String,
    /// Name of the provider.
    pub(crate) provider: String,
    /// Other names.
    pub(crate) aliases: Vec<String>,
    /// Tokens of question and answer together; 0 where unknown.
    pub(crate) context: u32,
    /// Most tokens of an answer, reasoning included; 0 where unknown.
    pub(crate) output_cap: u32,
    /// Where it stands in its life.
    pub(crate) status: Status,
    /// Its last day, where one is known.
    pub(crate) ends: Option<Day>,
    /// Id of the model that takes its place.
    pub(crate) successor: Option<String>,
    /// What it can do beside answering text, each once, in the order of [`Capability`].
    pub(crate) can: Vec<Capability>,
    /// How long it may be silent.
    pub(crate) idle: IdleClass,
    /// Longest wait for the first sign.
    pub(crate) first_event_floor: Duration,
    /// Longest gap in the middle of an answer.
    pub(crate) idle_floor: Duration,
    /// Whether it thinks.
    pub(crate) thinking: Thinking,
    /// Efforts that it takes by name, rising.
    pub(crate) efforts: Vec<Effort>,
    /// Highest temperature; 0: sampling is fixed.
    pub(crate) temperature_max: f64,
    /// Price, where known.
    pub(crate) price: Option<Price>,
    /// How it goes on from the beginning of an answer; `None`: as its provider does.
    pub(crate) prefix: Option<Prefix>,
}

impl Model {
    /// A model that nobody described: patient, since cutting a healthy answer costs more than waiting for a dead one.
    pub(crate) fn unlisted(provider: &str, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            provider: provider.to_owned(),
            aliases: Vec::new(),
            context: 0,
            output_cap: 0,
            status: Status::Current,
            ends: None,
            successor: None,
            can: Vec::new(),
            idle: IdleClass::Thinking,
            first_event_floor: IdleClass::Thinking.first_event(),
            idle_floor: IdleClass::Thinking.idle(),
            thinking: Thinking::Never,
            efforts: vec![Effort::Low, Effort::Medium, Effort::High],
            temperature_max: 2.0,
            price: None,
            prefix: None,
        }
    }

    /// Whether a name means this model.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }

    /// The nearest effort that it takes: the same, else the next higher, else the highest.
    pub(crate) fn effort(&self, wanted: Effort) -> Option<Effort> {
        self.efforts.iter().find(|known| **known >= wanted).or(self.efforts.last()).copied()
    }
}

//! The arguments of `chat`, once: the schema is derived from what is read here.

use schemars::JsonSchema;
use serde_json::value::RawValue;

use crate::arguments::Arguments;
use crate::file::{self, FileText};

/// Range of `temperature`. Above 2 no surveyed API takes it; the provider layer narrows it per model.
const TEMPERATURE: std::ops::RangeInclusive<f64> = 0.0..=2.0;

/// What `chat` is asked. The comments of the fields are what models read.
#[derive(Debug, JsonSchema)]
pub(crate) struct ChatArguments {
    /// The question or task, with all context that the other model needs.
    pub(crate) prompt: String,
    /// Model name or alias (see listmodels). Default: the conversation's, else the configured one.
    pub(crate) model: Option<String>,
    /// System prompt: role or rules. A conversation keeps it.
    pub(crate) system: Option<String>,
    /// Randomness. Leave out unless needed; some models fix it.
    #[schemars(range(min = 0, max = 2))]
    pub(crate) temperature: Option<f64>,
    /// How much the model thinks before it answers.
    pub(crate) effort: Option<EffortName>,
    /// Absolute paths of text files to show to the model; at most 64, 1 MiB each, 4 MiB together.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) files: Vec<FileText>,
    /// Id from the last line of an earlier answer: continues that conversation. Leave out to start a new one.
    pub(crate) conversation: Option<String>,
}

/// The words for `effort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EffortName {
    Minimal,
    Low,
    Medium,
    High,
    Max,
}

impl EffortName {
    const ALL: [(&'static str, Self); 5] = [
        ("minimal", Self::Minimal),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("max", Self::Max),
    ];

    fn read(arguments: &mut Arguments<'_>) -> Option<Self> {
        let names = ["effort", "thinking_mode"];
        let raw = arguments.raw(&names)?;
        let word: String = serde_json::from_str(raw.get()).unwrap_or_default();
        let found = Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim()));
        // An empty word is how some models say "not given".
        if found.is_none() && raw.get() != "\"\"" {
            let known: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            arguments.complain_of(&names, format_args!("one of {}", known.join(", ")), raw);
        }
        found.map(|(_, effort)| *effort)
    }
}

impl ChatArguments {
    /// Reads a call's arguments; beside them, a remark on what was ignored.
    ///
    /// # Errors
    /// A sentence that names every problem.
    pub(crate) fn read(raw: &RawValue) -> Result<(Self, Option<String>), String> {
        let mut arguments = Arguments::read(raw);
        let prompt = arguments.required_text("prompt");
        let read = Self {
            prompt: prompt.unwrap_or_default(),
            model: arguments.optional_text(&["model"]),
            system: arguments.text(&["system"]).filter(|text| !text.trim().is_empty()),
            temperature: arguments.number(&["temperature"], TEMPERATURE),
            effort: EffortName::read(&mut arguments),
            files: file::read(&mut arguments, "files"),
            conversation: arguments.optional_text(&["conversation", "continuation_id"]),
        };
        Ok((read, arguments.finish()?))
    }
}

#[cfg(test)]
mod tests;

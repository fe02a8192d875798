//! The arguments of `chat`, once: the schema is derived from what is read here.

use exai_provider::{Effort, Fallback};
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
    /// Whether another model may answer when `model` fails. Default: no if `model` is given, else as configured.
    #[schemars(with = "Option<bool>")]
    pub(crate) fallback: Fallback,
    /// Randomness. Leave out unless needed; some models fix it.
    #[schemars(range(min = 0, max = 2))]
    pub(crate) temperature: Option<f64>,
    /// How much the model thinks before it answers.
    #[schemars(with = "Option<String>", extend("enum" = Effort::ALL.map(Effort::word)))]
    pub(crate) effort: Option<Effort>,
    /// Absolute paths of text files to show to the model; at most 64, 1 MiB each, 4 MiB together.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) files: Vec<FileText>,
    /// Id from the last line of an earlier answer: continues that conversation. Leave out to start a new one.
    pub(crate) conversation: Option<String>,
}

/// The effort under either of its names; an empty word is how some models say "not given".
fn read_effort(arguments: &mut Arguments<'_>) -> Option<Effort> {
    let names = ["effort", "thinking_mode"];
    let raw = arguments.raw(&names)?;
    let word = serde_json::from_str::<String>(raw.get()).unwrap_or_default();
    let effort = word.parse().ok();
    if effort.is_none() && raw.get() != "\"\"" {
        let known = Effort::ALL.map(Effort::word).join(", ");
        arguments.complain_of(&names, format_args!("one of {known}"), raw);
    }
    effort
}

fn read_fallback(arguments: &mut Arguments<'_>) -> Fallback {
    match arguments.flag(&["fallback"]) {
        None => Fallback::ByPolicy,
        Some(true) => Fallback::Allowed,
        Some(false) => Fallback::Never,
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
            fallback: read_fallback(&mut arguments),
            temperature: arguments.number(&["temperature"], TEMPERATURE),
            effort: read_effort(&mut arguments),
            files: file::read(&mut arguments, "files"),
            conversation: arguments.optional_text(&["conversation", "continuation_id"]),
        };
        Ok((read, arguments.finish()?))
    }
}

#[cfg(test)]
mod tests;

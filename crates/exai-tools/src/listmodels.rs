//! `listmodels`: what `chat` can be asked to use.

use exai_provider::{KeyHealth, ModelInfo, ProviderHealth, Status};
use serde_json::json;

use crate::class::Class;
use crate::context::ToolContext;
use crate::result::{Text, ToolResult};
use crate::schema;
use crate::status;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "listmodels",
    title: "List models",
    description: "Models that `chat` can use: id, provider, aliases, context, output limit, capabilities, price, end and \
        successor, and whether a key is set. Free.",
    search_hint: "available models, providers, GLM, Kimi, context size",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<schema::NoArguments>,
    files_argument: None,
};

/// Most models that are shown, a file of the user's with thousands notwithstanding: a result is read by a model.
const SHOWN: usize = 200;

/// Most of them that nobody has listed: a router tells of hundreds.
const FOUND_SHOWN: usize = 50;

/// One line for each model, those first that can be used.
pub(crate) fn run(context: &ToolContext<'_>) -> ToolResult {
    let (models, more) = shown(context.providers.models());
    let unlisted = context.providers.unlisted();
    let main = context.with_slips(text(&models, more, &unlisted, &context.providers.health()));
    let facts = json!({ "models": models, "more": more, "any_model": unlisted });
    ToolResult::success(Text { main, ..Text::default() }, facts)
}

/// The models that are shown, in their order, and how many are not.
fn shown(mut models: Vec<ModelInfo>) -> (Vec<ModelInfo>, usize) {
    let all = models.len();
    models.sort_by_key(|model| (!model.usable, !model.is_default, rank(model)));
    let mut found = 0;
    models.retain(|model| {
        found += usize::from(model.found);
        !model.found || found <= FOUND_SHOWN
    });
    models.truncate(SHOWN);
    let more = all - models.len();
    (models, more)
}

/// Models that are served and listed come first.
const fn rank(model: &ModelInfo) -> u8 {
    match (model.status, model.found) {
        (Status::Retired, _) => 2,
        (_, true) => 1,
        (_, false) => 0,
    }
}

fn text(models: &[ModelInfo], more: usize, unlisted: &[String], health: &[ProviderHealth]) -> String {
    if models.is_empty() && unlisted.is_empty() {
        return "No provider is configured: set GLM_API_KEY, KIMI_API_KEY or EXAI_PROVIDERS.".to_owned();
    }
    let (usable, others): (Vec<&ModelInfo>, Vec<&ModelInfo>) = models.iter().partition(|model| model.usable);
    let now = |model: &ModelInfo| match pause(model, health) {
        Some(pause) => format!("{} · {pause}", line(model)),
        None => line(model),
    };
    let mut lines: Vec<String> = usable.into_iter().map(now).collect();
    lines.extend(unlisted.iter().map(|provider| format!("{provider}: any model as {provider}/<model>")));
    if lines.is_empty() {
        lines.push("No model can be used yet: set the key of a provider in <NAME>_API_KEY.".to_owned());
    }
    let others = others.into_iter().filter(|model| model.status != Status::Retired);
    lines.extend(others.map(|model| format!("{} · NO KEY: set {}", line(model), model.key_variable)));
    if more > 0 {
        lines.push(format!("and {more} more, which are asked by name"));
    }
    lines.join("\n")
}

/// Why it is not asked just now: what holds for its endpoint holds for it.
fn pause(model: &ModelInfo, health: &[ProviderHealth]) -> Option<String> {
    let provider = health.iter().find(|one| one.name == model.provider)?;
    let of_it = |key: &&KeyHealth| key.model.as_ref().is_none_or(|id| *id == model.id);
    provider.keys.iter().filter(of_it).find_map(status::pause).or_else(|| unpaid(model, provider))
}

/// Why its provider's limit for a day leaves nothing for it.
fn unpaid(model: &ModelInfo, provider: &ProviderHealth) -> Option<String> {
    let most = provider.daily_nano_usd?;
    let why = match model.price {
        None => "not asked: there is a limit for a day, and no price to count it by",
        Some(price) if price != (0.0, 0.0) && provider.spent_nano_usd >= most => {
            "not asked before midnight, UTC: the limit for the day is reached"
        }
        Some(_) => return None,
    };
    Some(why.to_owned())
}

fn line(model: &ModelInfo) -> String {
    let ModelInfo { id, provider, context, output_cap, .. } = model;
    let default = if model.is_default { ", default" } else { "" };
    let mut parts = vec![format!("{id} ({provider}{default})")];
    if model.status == Status::Retired {
        // Nobody chooses it.
        parts.extend(end(model));
        return parts.join(" · ");
    }
    if !model.aliases.is_empty() {
        parts.push(format!("also: {}", model.aliases.join(", ")));
    }
    if *context > 0 {
        let output =
            if *output_cap > 0 { format!(", output {}", grouped(*output_cap)) } else { String::new() };
        parts.push(format!("context {}{output} tokens", grouped(*context)));
    }
    if model.thinks {
        parts.push("thinks".to_owned());
    }
    parts.extend(model.price.map(|price| match price {
        (0.0, 0.0) => "free".to_owned(),
        (input, output) => format!("USD {input}/{output} per million tokens in/out"),
    }));
    if !model.can.is_empty() {
        let can: Vec<&str> = model.can.iter().map(|can| can.word()).collect();
        parts.push(can.join(", "));
    }
    parts.extend(model.found.then(|| "found at the provider".to_owned()));
    parts.extend(end(model));
    parts.join(" · ")
}

/// What is known of its end, and of what comes after it.
fn end(model: &ModelInfo) -> Option<String> {
    let when = |word: &str| model.ends.map_or_else(String::new, |day| format!("{word} {}", day.when()));
    let mut text = match model.status {
        Status::Current => return None,
        Status::Deprecated => format!("DEPRECATED{}", when(", ends")),
        Status::Retired => format!("RETIRED{}, not asked", when("")),
    };
    if let Some(successor) = &model.successor {
        text.push_str(&format!(", successor: {successor}"));
    }
    Some(text)
}

/// With a comma between thousands.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;

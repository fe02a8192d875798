//! `listmodels`: what `chat` can be asked to use.

use exai_provider::ModelInfo;
use serde_json::json;

use crate::class::Class;
use crate::context::ToolContext;
use crate::result::{Text, ToolResult};
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "listmodels",
    title: "List models",
    description: "Models that `chat` can use: id, provider, aliases, context, output limit, price, and whether a key is \
        set. Free.",
    search_hint: "available models, providers, GLM, Kimi, context size",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<schema::NoArguments>,
    files_argument: None,
};

/// One line for each model, those first that can be used.
pub(crate) fn run(context: &ToolContext<'_>) -> ToolResult {
    let models = context.providers.models();
    let unlisted = context.providers.unlisted();
    let main = text(&models, &unlisted);
    ToolResult::success(Text { main, ..Text::default() }, json!({ "models": models, "any_model": unlisted }))
}

fn text(models: &[ModelInfo], unlisted: &[String]) -> String {
    if models.is_empty() && unlisted.is_empty() {
        return "No provider is configured: set GLM_API_KEY, KIMI_API_KEY or EXAI_PROVIDERS.".to_owned();
    }
    let (usable, others): (Vec<&ModelInfo>, Vec<&ModelInfo>) = models.iter().partition(|model| model.usable);
    let mut lines: Vec<String> = usable.into_iter().map(line).collect();
    lines.extend(unlisted.iter().map(|provider| format!("{provider}: any model as {provider}/<model>")));
    if lines.is_empty() {
        lines.push("No model can be used yet: set the key of a provider in <NAME>_API_KEY.".to_owned());
    }
    lines.extend(others.into_iter().map(|model| format!("{} · NO KEY", line(model))));
    lines.join("\n")
}

fn line(model: &ModelInfo) -> String {
    let ModelInfo { id, provider, context, output_cap, .. } = model;
    let default = if model.is_default { ", default" } else { "" };
    let mut parts = vec![format!("{id} ({provider}{default})")];
    if !model.aliases.is_empty() {
        parts.push(format!("also: {}", model.aliases.join(", ")));
    }
    if *context > 0 {
        parts.push(format!("context {context}, output {output_cap} tokens"));
    }
    if model.thinks {
        parts.push("thinks".to_owned());
    }
    parts
        .extend(model.price.map(|(input, output)| format!("USD {input}/{output} per million tokens in/out")));
    parts.join(" · ")
}

#[cfg(test)]
mod tests;

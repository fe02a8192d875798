//! From a tool's name to its behaviour.

use exai_provider::Providers;
use serde_json::json;
use serde_json::value::RawValue;

use crate::arguments::excerpt;
use crate::context::ToolContext;
use crate::result::ToolResult;
use crate::{catalogue, chat, collect, listmodels, status, version};

/// Runs a tool. Never panics and always gives a result: failures are results too. Dropping the future ends the call,
/// the provider's connection included, and keeps nothing of it.
pub async fn run(tool: &str, arguments: &RawValue, context: &ToolContext<'_>) -> ToolResult {
    match tool {
        "chat" => chat::run(arguments, context).await,
        "collect" => collect::run(),
        "listmodels" => listmodels::run(context),
        "status" => status::run(context),
        "version" => version::run(context),
        // The shim refuses unknown names; one that gets here is of a shim with a newer catalogue.
        other => unknown(other),
    }
}

/// The provider that a call asks first, as far as its arguments say so; a conversation may know better.
pub fn first_asked<'a>(tool: &str, arguments: &RawValue, providers: &'a Providers) -> Option<&'a str> {
    match tool {
        "chat" => chat::first_asked(arguments, providers),
        _ => None,
    }
}

fn unknown(tool: &str) -> ToolResult {
    let known: Vec<&str> = catalogue::names().collect();
    let sentence =
        format!("There is no tool \"{}\" here. The tools are: {}.", excerpt(tool), known.join(", "));
    ToolResult::failure(&sentence, json!({ "error": "unknown_tool", "retryable": false }))
}

//! `version`: which exai answers.

use exai_provider::span;
use serde_json::json;

use crate::class::Class;
use crate::context::ToolContext;
use crate::result::{Text, ToolResult};
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "version",
    title: "exai version",
    description: "Version of the exai daemon that answers. Free.",
    search_hint: "exai version, release",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<schema::NoArguments>,
    files_argument: None,
};

/// One line.
pub(crate) fn run(context: &ToolContext<'_>) -> ToolResult {
    let facts = context.daemon.facts();
    let main = format!("exai {} (daemon, pid {}, up {})", facts.version, facts.pid, span(facts.uptime));
    let meta = json!({ "version": facts.version, "pid": facts.pid });
    ToolResult::success(Text { main, ..Text::default() }, meta)
}

//! `collect`: the answer to a call that outlasted its host's patience.
//!
//! The shim serves it: it joins the call again over the session. Nothing of it runs in the daemon's toolbox.

use schemars::JsonSchema;
use serde_json::json;

use crate::class::Class;
use crate::result::ToolResult;
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "collect",
    title: "Collect an answer",
    description: "Answer of an earlier call that was still running when its time with this client was up. Waits for \
        it. Free.",
    search_hint: "exai still running, long call, result later",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<CollectArguments>,
    files_argument: None,
};

/// Read by the shim; here for the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is derived from it")]
struct CollectArguments {
    /// The call id that the earlier result names.
    call_id: String,
    /// Seconds to wait at most; without it, as long as this client waits.
    wait_s: Option<f64>,
}

/// A `collect` that came here was sent by something else than a shim.
pub(crate) fn run() -> ToolResult {
    let sentence = "Only `exai shim` can collect an answer, and this call came past it.";
    ToolResult::failure(sentence, json!({ "error": "collect_past_shim", "retryable": false }))
}

//! The list of tools, and what others need to know of it without running any.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::class::Class;
use crate::tool::{Definition, Tool};
use crate::{chat, collect, listmodels, status, version};

/// Every tool, in the order in which hosts list them: stable, because model APIs cache prompts by prefix.
pub(crate) const TOOLS: [Tool; 5] =
    [chat::TOOL, collect::TOOL, listmodels::TOOL, status::TOOL, version::TOOL];

/// The definitions and their hash, made once: they depend on nothing but the build.
static CATALOGUE: LazyLock<(Box<RawValue>, String)> = LazyLock::new(|| {
    let definitions: Vec<Definition> = TOOLS.iter().map(Tool::definition).collect();
    // Serialising derived structs with string keys can't fail; an empty list would be seen at once by the tests.
    let json = serde_json::value::to_raw_value(&definitions).unwrap_or_else(|_| RawValue::NULL.to_owned());
    let hash = hex(&Sha256::digest(json.get().as_bytes()));
    (json, hash)
});

/// The tool definitions as a JSON array of MCP tool objects, revision 2026-07-28. The same bytes in every process
/// of one build.
pub fn catalogue_json() -> Box<RawValue> {
    CATALOGUE.0.clone()
}

/// SHA-256 of [`catalogue_json`], 64 hexadecimal digits: tells builds with different tools apart.
pub fn catalogue_hash() -> &'static str {
    &CATALOGUE.1
}

/// The class of a tool; `None` if there is no such tool.
pub fn class(tool: &str) -> Option<Class> {
    find(tool).map(|found| found.class)
}

/// For each tool that takes files of the user: the argument that names them. The shim reads these files and puts
/// their text into the call, because it runs as the user and the daemon may sit in a container.
pub fn files_params() -> BTreeMap<String, String> {
    let with_files =
        TOOLS.iter().filter_map(|tool| Some((tool.name.to_owned(), tool.files_argument?.to_owned())));
    with_files.collect()
}

/// Names of all tools, in catalogue order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|tool| tool.name)
}

pub(crate) fn find(tool: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|known| known.name == tool)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

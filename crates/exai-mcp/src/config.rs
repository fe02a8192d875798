//! What an engine is told once.

use serde_json::value::RawValue;

/// How the server introduces itself (`serverInfo`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// Short name; hosts prefix tool names with it.
    pub name: String,
    /// Version of the program.
    pub version: String,
}

/// Everything that answers without a backend need.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Name and version.
    pub server: ServerInfo,
    /// Guidance for the model, sent with `initialize` and `server/discover`; empty: the field is left out.
    pub instructions: String,
    /// JSON array of tool objects as of 2026-07-28. Anything but an array counts as an empty list.
    pub tools: Box<RawValue>,
}

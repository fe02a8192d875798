//! Tools of whoever embeds the daemon, beside those of the catalogue.

use std::fmt;

use exai_provider::BoxFuture;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};

use crate::catalogue::{catalogue_hash, catalogue_json, hex};
use crate::class::Class;
use crate::context::ToolContext;
use crate::result::ToolResult;

/// A tool that is not in the catalogue.
pub trait CustomTool: Send + Sync {
    /// Its name; none that the catalogue has.
    fn name(&self) -> &str;

    /// What a second run costs.
    fn class(&self) -> Class;

    /// The tool object of MCP, revision 2026-07-28.
    fn definition(&self) -> Box<RawValue>;

    /// Runs it, as [`crate::run`] runs a built-in one.
    fn run<'a>(&'a self, arguments: &'a RawValue, context: &'a ToolContext<'a>) -> BoxFuture<'a, ToolResult>;
}

impl fmt::Debug for dyn CustomTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomTool({})", self.name())
    }
}

/// The tool definitions with those of `custom` after them, and their hash.
pub fn catalogue_with(custom: &[&dyn CustomTool]) -> (Box<RawValue>, String) {
    let own = catalogue_json();
    let built_in: Result<Vec<&RawValue>, _> = serde_json::from_str(own.get());
    let (Ok(mut tools), false) = (built_in, custom.is_empty()) else {
        return (own, catalogue_hash().to_owned());
    };
    let more: Vec<Box<RawValue>> = custom.iter().map(|tool| tool.definition()).collect();
    tools.extend(more.iter().map(|tool| &**tool));
    match to_raw_value(&tools) {
        Ok(all) => {
            let hash = hex(&Sha256::digest(all.get().as_bytes()));
            (all, hash)
        }
        Err(_) => (own.clone(), catalogue_hash().to_owned()),
    }
}

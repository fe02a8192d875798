//! What every tool is made of, apart from its behaviour.

use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::class::Class;
use crate::schema;

/// Whether a tool leaves the machine as it was, and whether it talks to the world outside.
///
/// Two cases, not four booleans: the hints of the protocol follow from them, so that they can't contradict
/// the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Reads what the daemon knows itself.
    Local,
    /// Sends the user's text to a provider, and is billed for it. Changes no file and deletes nothing, yet is
    /// not read-only: hosts run read-only tools unasked and again, and each run costs money and keeps a turn.
    Provider,
}

/// A tool as the catalogue knows it. Its behaviour is the function `run` in the tool's own file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// Name for calls: `[a-z0-9_]`, at most 24 bytes, because hosts prefix it with the server's name and cut at 60.
    pub(crate) name: &'static str,
    /// Name for people.
    pub(crate) title: &'static str,
    /// What the model reads to decide for or against it.
    pub(crate) description: &'static str,
    /// Words by which hosts that hide tools behind a search find this one.
    pub(crate) search_hint: &'static str,
    /// What a second run costs.
    pub(crate) class: Class,
    /// Where it reaches.
    pub(crate) reach: Reach,
    /// Schema of its arguments, as derived.
    pub(crate) arguments: fn() -> Schema,
    /// The argument that names files of the user, which the shim reads.
    pub(crate) files_argument: Option<&'static str>,
}

/// A tool object of MCP, revision 2026-07-28, in the order in which it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Definition {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    input_schema: Value,
    annotations: Annotations,
    #[serde(rename = "_meta")]
    meta: Meta,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    title: &'static str,
    read_only_hint: bool,
    destructive_hint: bool,
    idempotent_hint: bool,
    open_world_hint: bool,
}

#[derive(Debug, Serialize)]
struct Meta {
    #[serde(rename = "anthropic/searchHint")]
    search_hint: &'static str,
}

impl Tool {
    /// The definition that hosts are shown.
    pub(crate) fn definition(&self) -> Definition {
        let local = self.reach == Reach::Local;
        Definition {
            name: self.name,
            title: self.title,
            description: self.description,
            input_schema: schema::portable((self.arguments)()),
            annotations: Annotations {
                title: self.title,
                read_only_hint: local,
                destructive_hint: false,
                idempotent_hint: local,
                open_world_hint: !local,
            },
            meta: Meta { search_hint: self.search_hint },
        }
    }
}

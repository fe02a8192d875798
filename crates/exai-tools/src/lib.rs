//! The catalogue: schema, class and behaviour of every tool.
//!
//! One file per tool; `catalogue` lists them, `run` routes. Nothing here reads a clock, a file, a socket or the
//! environment: providers, conversations and what is known of the daemon come in through the context of a call.

mod arguments;
mod catalogue;
mod chat;
mod class;
mod collect;
mod context;
mod conversation;
mod custom;
mod daemon_view;
mod file;
mod listmodels;
mod models;
mod result;
mod run;
mod schema;
mod spent;
mod status;
mod tool;
mod version;

pub use catalogue::{catalogue_hash, catalogue_json, class, files_params, names};
pub use class::Class;
pub use context::ToolContext;
pub use conversation::{
    ConversationId, Conversations, ConversationsUnreadable, Exchange, NewTurn, NoConversationId,
};
pub use custom::{CustomTool, catalogue_with};
pub use daemon_view::{DaemonFacts, DaemonView};
pub use file::FileText;
pub use result::{BODY_BYTES_MAX, Outcome, ToolResult};
pub use run::{first_asked, run};
pub use spent::Spent;

#[cfg(test)]
mod tests;

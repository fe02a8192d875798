//! The catalogue: schema, class and behaviour of every tool.
//!
//! One file per tool; `catalogue` lists them. Nothing here reads a clock, a file, a socket or the environment:
//! providers, conversations and what is known of the daemon come in through the context of a call.

mod arguments;
mod catalogue;
mod chat;
mod class;
mod file;
mod listmodels;
mod schema;
mod status;
mod tool;
mod version;

pub use catalogue::{catalogue_hash, catalogue_json, class, files_params, names};
pub use class::Class;
pub use file::FileText;

#[cfg(test)]
mod tests;

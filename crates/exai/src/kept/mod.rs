//! What is kept of calls and conversations, for people: out of the daemon that has it, or out of its journal when none runs.

mod call;
mod calls;
mod conversation;
mod source;
mod table;
mod words;

pub(crate) use call::sheet;
pub(crate) use calls::list as call_list;
pub(crate) use conversation::{Turn, list as conversation_list, markdown, pages};
pub(crate) use source::{Failed, Source};
pub(crate) use words::bytes;

#[cfg(test)]
mod tests;

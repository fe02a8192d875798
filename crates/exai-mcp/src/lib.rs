//! MCP as a state machine without I/O: bytes of a line in, lines and calls out.
//!
//! The driver hands every line of the host to [`Engine::handle_line`] and afterwards takes what is to be
//! written ([`Engine::poll_output`]), what is to be done ([`Engine::poll_event`]) and when to come back
//! ([`Engine::poll_timeout`]).
//!
//! Invariants: nothing here reads a clock, a file or a socket; no input panics; every request that has an id is
//! answered exactly once unless the host cancels it; the engine never sends a request to the host; what it does
//! not know (params, fields, `_meta`) passes byte for byte. What differs between protocol revisions stands in
//! tables (`revision.rs`), not in branches.

mod calls;
mod config;
mod content;
mod cut;
mod damaged;
mod dispatch;
mod encode;
mod engine;
mod envelope;
mod error;
mod event;
mod fields;
mod handshake;
mod id;
mod json;
mod limit;
mod list;
mod method;
mod moment;
mod outbox;
mod params;
mod progress;
mod result;
mod revision;
mod subscription;
mod task;

pub use config::{EngineConfig, ServerInfo};
pub use cut::CUT_META_KEY;
pub use engine::Engine;
pub use event::{Answer, CallKey, Event, HostInfo, IncomingCall, Output, Tasks, Token};
pub use limit::{
    BATCH_MESSAGES_MAX, ID_BYTES_MAX, LINE_IN_BYTES_MAX, LINE_OUT_BYTES_MAX, OPEN_CALLS_MAX,
    OVERLONG_HEAD_BYTES, SUBSCRIPTIONS_MAX, TASKS_WATCHED_MAX,
};
pub use revision::{Era, Revision};
pub use task::{NoTaskId, Task, TaskId, TaskState, TaskVerb};

#[cfg(test)]
mod tests;

//! What is kept of calls and conversations, as its owner sees it: real daemons, killed and started again, and the commands
//! that look on, delete, check and repair.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests and what they call")]

mod calls;
mod conversations;
mod journal;
mod world;

//! MCP as hosts see it: `exai shim` as a real process, with a real daemon and a simulated provider behind it, or with
//! nothing, or with something strange.
//!
//! Every line that a shim writes here is held against the schema of its revision where the schemas are at hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy knows functions with #[test] as tests, not their helpers"
)]

mod batches;
mod calls;
mod cancelling;
mod catalogue;
mod daemons;
mod damage;
#[cfg(unix)]
mod ending;
mod fake_daemon;
mod files;
mod gate;
mod handshake;
mod listening;
mod progress;
mod providers;
mod rounds;
mod sdk;
mod sdk_client;
mod settings;
#[cfg(unix)]
mod surroundings;
mod tasks;
mod world;

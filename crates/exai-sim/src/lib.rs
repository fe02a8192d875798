//! The test world: simulated providers and hosts, the demo, the benchmark.
//!
//! Everything here works from a synchronous test: plain threads, real sockets, real processes, and every wait has a
//! deadline. Nothing here uses the crates it tests, so that a mistake in them can't hide itself; the `exai` binary is
//! known by its path alone.

pub mod bench;
pub mod demo;
pub mod flood;
pub mod host;
pub mod process;
pub mod provider;
#[cfg(feature = "schema")]
pub mod schema;
mod sync;

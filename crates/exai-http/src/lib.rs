//! The HTTP transport that the provider layer is driven with: reqwest, and tokio's clock.
//!
//! Invariants: no timer but the one for connecting; no redirect is followed, so that a key never reaches another host;
//! nothing is sent twice; no proxy sees a request that is not encrypted; no answer is unpacked (compression would hold
//! deltas back).

mod fault;
mod lane;
mod names;
mod timer;
mod transport;

pub use lane::BLOCKING_THREADS;
pub use timer::TokioTimer;
pub use transport::HttpTransport;

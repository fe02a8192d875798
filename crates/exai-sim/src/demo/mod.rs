//! `exai demo`: the promise, shown. A host, a shim, a daemon and a simulated provider as real processes; the daemon is
//! killed in the middle of an answer and started again, and the host gets every answer once.

mod cast;
mod report;
mod scene;
mod timeline;

use std::io::Write;
use std::path::Path;

pub use report::DemoReport;

/// Plays the demo with this `exai` binary, which must know the subcommands `shim`, `daemon` and `sim-provider` (the last
/// one calls [`crate::provider::serve_blocking`], which ends with its stdin). Takes about 12 s, and at most a few
/// minutes where something hangs.
///
/// # Errors
/// A process can't be started or does not answer, or `out` is closed. Answers that are wrong, late or double are no
/// error but a report without success.
pub fn demo(exe: &Path, out: &mut dyn Write) -> anyhow::Result<DemoReport> {
    scene::play(exe, out)
}

#[cfg(test)]
mod tests;

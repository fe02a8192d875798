//! The benchmark: every figure of the project's budget, measured from outside on real processes, beside the same
//! figure of the smallest process that could be there instead.
//!
//! The measuring host is as cheap as can be (raw bytes, no JSON on the hot path), so that what is measured is the
//! other side. Nothing is shared that a user would not share: the daemon runs from a copy of the binary, because
//! pages of one file that two processes have mapped are halved in both accounts.

mod bed;
mod calls;
mod deltas;
mod floor;
mod gaps;
mod isolation;
mod journal;
mod latency;
mod leaving;
mod memory;
mod raw_host;
mod relay;
mod restart;
mod samples;
mod session;
mod start;
mod streams;
mod table;

use std::io::Write;
use std::path::Path;

pub use floor::floor;
pub use relay::{far, near};

use bed::Bed;
use table::Table;

/// Measures the `exai` binary `exe` with the floor process `floor` (this crate's own binary), and prints a Markdown
/// table; `only` leaves out every figure whose name does not contain it. Takes one to two minutes; progress goes to
/// stderr.
///
/// # Errors
/// A process can't be started, dies, or does not answer in time.
pub fn bench(exe: &Path, floor: &Path, only: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let bed = Bed::new(exe, floor)?;
    let mut table = Table::default();
    for (name, measure) in FIGURES.into_iter().filter(|(name, _)| name.contains(only)) {
        eprintln!("measuring {name} …");
        match measure(&bed) {
            Ok(rows) => table.extend(rows),
            // The other figures are still worth having.
            Err(error) => table.failed(name, &error),
        }
    }
    writeln!(out, "{}", table.markdown())?;
    Ok(())
}

type Measure = fn(&Bed) -> anyhow::Result<Vec<table::Row>>;

/// In the order of the table.
const FIGURES: [(&str, Measure); 12] = [
    ("the machine", gaps::of_the_machine),
    ("the start of the shim", start::shim),
    ("the start of the daemon", start::daemon),
    ("idle memory", memory::idle),
    ("the journal", journal::figures),
    ("calls", calls::version),
    ("deltas", deltas::cost),
    ("latency", latency::healthy_path),
    ("a thousand streams", streams::thousand),
    ("isolation", isolation::neighbours),
    ("restarts", restart::cycles),
    ("ends of the shim", leaving::shim),
];

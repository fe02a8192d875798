//! What idle processes hold.

use std::time::Duration;

use anyhow::Context as _;

use super::bed::Bed;
use super::table::{Row, Verdict};
use crate::process::pace;

/// From the last call to the look: buffers that are given back soon are given back then.
const IDLE: Duration = Duration::from_secs(3);

/// Shim and daemon in a session that has made a few calls, and the floor.
pub(super) fn idle(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let exai = bed.exai()?;
    let daemon = exai.daemon()?;
    let mut shim = bed.shim(&exai)?;
    shim.greet()?;
    for _ in 0..10 {
        shim.call("version", "")?;
    }
    let mut floor = bed.floor()?;
    floor.greet()?;
    pace(IDLE);
    let (ours, theirs, bare) =
        (Held::by(shim.child.pid())?, Held::by(daemon.child().pid())?, Held::by(floor.child.pid())?);
    let row = |figure, target, held: Held, limit_mb: f64| Row {
        figure,
        target,
        measured: held.shown(),
        floor: bare.shown(),
        ratio: Some(held.pss / bare.pss),
        verdict: Verdict::of(held.pss <= limit_mb),
    };
    Ok(vec![
        row("idle memory of the shim (PSS), its binary shared with nobody", "≤ 5 MB", ours, 5.0),
        row("idle memory of the daemon (PSS), its binary shared with nobody", "≤ 15 MB", theirs, 15.0),
    ])
}

/// Memory of a process in MB.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The proportional set size: what it holds alone, and its part of what it shares.
    pss: f64,
    /// Its heap and stacks: the rest is pages of files, which the system can drop and read again.
    anonymous: f64,
}

impl Held {
    fn by(pid: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{pid}/smaps_rollup");
        let text = std::fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
        let field = |name: &str| -> anyhow::Result<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no such field")?;
            let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
            Ok(kib * 1024.0 / 1e6)
        };
        Ok(Self { pss: field("Pss:")?, anonymous: field("Anonymous:")? })
    }

    fn shown(self) -> String {
        format!("{:.2} MB, {:.2} without files", self.pss, self.anonymous)
    }
}

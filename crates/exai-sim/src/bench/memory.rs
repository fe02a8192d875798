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
        (pss_kib(shim.child.pid())?, pss_kib(daemon.child().pid())?, pss_kib(floor.child.pid())?);
    let row = |figure, target, kib: u64, limit_mb: f64| Row {
        figure,
        target,
        measured: mb(kib),
        floor: mb(bare),
        ratio: Some(kib as f64 / bare.max(1) as f64),
        verdict: Verdict::of(kib as f64 * 1024.0 <= limit_mb * 1e6),
    };
    Ok(vec![
        row("idle memory of the shim (PSS)", "≤ 5 MB", ours, 5.0),
        row("idle memory of the daemon (PSS)", "≤ 15 MB", theirs, 15.0),
    ])
}

fn mb(kib: u64) -> String {
    format!("{:.2} MB", kib as f64 * 1024.0 / 1e6)
}

/// The proportional set size: what the process holds alone, and its part of what it shares.
fn pss_kib(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

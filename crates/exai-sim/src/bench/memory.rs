//! What idle processes hold.

use std::time::Duration;

use anyhow::Context as _;

use super::bed::Bed;
use super::table::{Row, Verdict};
use crate::process::pace;

/// From the last call to the look: buffers that are given back soon are given back then.
const IDLE: Duration = Duration::from_secs(3);

/// Shim and daemon in a session that has made a few calls, as people have them: of one binary, whose pages they share.
/// Beside them a shim of another copy, and the floor.
pub(super) fn idle(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let exai = bed.exai()?;
    let daemon = exai.daemon()?;
    let (mut shim, mut lone) = (bed.shim(&exai)?, bed.lone_shim(&exai)?);
    for shim in [&mut shim, &mut lone] {
        shim.greet()?;
        for _ in 0..10 {
            shim.call("version", "")?;
        }
    }
    let mut floor = bed.floor()?;
    floor.greet()?;
    pace(IDLE);
    let bare = Held::by(floor.child.pid())?;
    let row = |figure, target, limit_mb: Option<f64>, pid| -> anyhow::Result<Row> {
        let held = Held::by(pid)?;
        let verdict = limit_mb.map_or(Verdict::NoTarget, |limit| Verdict::of(held.pss <= limit));
        let (measured, floor, ratio) = (held.shown(), bare.shown(), Some(held.pss / bare.pss));
        Ok(Row { figure, target, measured, floor, ratio, verdict })
    };
    Ok(vec![
        row("idle memory of the shim (PSS) beside its daemon", "≤ 5 MB", Some(5.0), shim.child.pid())?,
        row("idle memory of the daemon (PSS) beside one shim", "≤ 15 MB", Some(15.0), daemon.child().pid())?,
        row("idle memory of a shim whose binary nobody shares", "–", None, lone.child.pid())?,
    ])
}

/// What a process holds for itself, in KiB.
pub(super) fn anonymous_kib(pid: u32) -> anyhow::Result<u64> {
    Ok((Held::by(pid)?.anonymous * 1e6 / 1024.0) as u64)
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

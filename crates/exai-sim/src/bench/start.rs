//! How long a start takes.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::bed::Bed;
use super::raw_host::RawHost;
use super::samples::Samples;
use super::table::{Row, Verdict, ratio, shown};
use crate::process::{HANG, http_get, poll_every};

/// Starts of the shim and of the floor, taken in turn.
const SHIM_STARTS: usize = 51;
const DAEMON_STARTS: usize = 15;
/// Time between two looks at whether the daemon is ready: 1 % of the target.
const LOOK_EVERY: Duration = Duration::from_micros(500);

/// Spawn to the answer of `initialize`, no daemon anywhere.
pub(super) fn shim(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let exai = bed.exai()?;
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    // The first start reads the binary from disk; users start shims often.
    spawn_to_initialize(|| bed.shim(&exai))?;
    spawn_to_initialize(|| bed.floor())?;
    for _ in 0..SHIM_STARTS {
        ours.push(spawn_to_initialize(|| bed.shim(&exai))?);
        floor.push(spawn_to_initialize(|| bed.floor())?);
    }
    let (ours, floor) = (ours.median(), floor.median());
    Ok(vec![Row {
        figure: "spawn of the shim to its `initialize` answer, daemon absent, median",
        target: "≤ 3 × floor, about 3 ms",
        measured: shown(ours),
        floor: shown(floor),
        ratio: ratio(ours, floor),
        verdict: Verdict::of(ours <= floor * 3),
    }])
}

fn spawn_to_initialize(spawn: impl FnOnce() -> anyhow::Result<RawHost>) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut host = spawn()?;
    host.initialize()?;
    let took = start.elapsed();
    host.finish()?;
    Ok(took)
}

/// Spawn to the first 200 of `/health/ready`.
pub(super) fn daemon(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let mut exai = bed.exai()?;
    let port = crate::process::Port::reserve()?;
    exai.set("EXAI_WS_HOST", "127.0.0.1").set("EXAI_WS_PORT", &port.number().to_string());
    let mut samples = Samples::default();
    for _ in 0..DAEMON_STARTS {
        let start = Instant::now();
        let daemon = exai.start_daemon()?;
        let is_ready = || {
            let answer = http_get(port.address(), "/health/ready", HANG).ok()?;
            (answer.status == 200).then_some(())
        };
        poll_every(LOOK_EVERY, HANG, is_ready).context("the daemon does not become ready")?;
        samples.push(start.elapsed());
        daemon.terminate()?;
    }
    let median = samples.median();
    Ok(vec![Row {
        figure: "daemon start to ready, median",
        target: "≤ 50 ms",
        measured: shown(median),
        floor: "–".into(),
        ratio: None,
        verdict: Verdict::of(median <= Duration::from_millis(50)),
    }])
}

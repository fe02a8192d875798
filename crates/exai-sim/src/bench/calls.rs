//! The way through shim and daemon and back, with a tool that does nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::bed::Bed;
use super::raw_host::RawHost;
use super::samples::Samples;
use super::table::{Row, Verdict, pair, ratio};

const WARM_UP: usize = 500;
const SEQUENTIAL: usize = 5_000;
const IN_FLIGHT: usize = 64;
const CONCURRENT: usize = 60_000;

/// One after the other, then 64 at a time.
pub(super) fn version(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let exai = bed.exai()?;
    let _daemon = exai.daemon()?;
    let mut shim = bed.shim(&exai)?;
    let mut floor = bed.floor()?;
    shim.greet()?;
    floor.greet()?;
    let (ours, bare) = (sequential(&mut shim)?, sequential(&mut floor)?);
    let (p50, p99) = (ours.median(), ours.percentile(99));
    let (ours_rate, bare_rate) = (concurrent(&mut shim)?, concurrent(&mut floor)?);
    Ok(vec![
        Row {
            figure: "`version` through shim and daemon, sequential, p50 / p99",
            target: "≤ 150 µs / ≤ 1 ms",
            measured: pair(p50, p99),
            floor: pair(bare.median(), bare.percentile(99)),
            ratio: ratio(p50, bare.median()),
            verdict: Verdict::of(p50 <= Duration::from_micros(150) && p99 <= Duration::from_millis(1)),
        },
        Row {
            figure: "the same, 64 in flight",
            target: "≥ 20,000 calls/s",
            measured: format!("{ours_rate:.0} calls/s"),
            floor: format!("{bare_rate:.0} calls/s"),
            ratio: Some(ours_rate / bare_rate),
            verdict: Verdict::of(ours_rate >= 20_000.0),
        },
    ])
}

fn sequential(host: &mut RawHost) -> anyhow::Result<Samples> {
    for _ in 0..WARM_UP {
        host.call("version", "")?;
    }
    let mut samples = Samples::default();
    for _ in 0..SEQUENTIAL {
        let start = Instant::now();
        host.call("version", "")?;
        samples.push(start.elapsed());
    }
    Ok(samples)
}

/// Calls a second. Every id must be answered once.
fn concurrent(host: &mut RawHost) -> anyhow::Result<f64> {
    let mut lines = Vec::with_capacity(64 * 1024);
    let start = Instant::now();
    let first = host.push_call(&mut lines, "version", "")?;
    for _ in 1..IN_FLIGHT {
        host.push_call(&mut lines, "version", "")?;
    }
    host.write(&lines)?;
    let mut answered = vec![false; CONCURRENT];
    let (mut sent, mut received) = (IN_FLIGHT, 0);
    while received < CONCURRENT {
        lines.clear();
        // All that has come, then as many new ones in one write.
        loop {
            let id = host.read_answer()?;
            let place = usize::try_from(id.saturating_sub(first))?;
            let seen =
                answered.get_mut(place).with_context(|| format!("an answer to {id}, which was not asked"))?;
            ensure!(!std::mem::replace(seen, true), "two answers to {id}");
            received += 1;
            if sent < CONCURRENT {
                host.push_call(&mut lines, "version", "")?;
                sent += 1;
            }
            if !host.has_buffered_line() || received == CONCURRENT {
                break;
            }
        }
        host.write(&lines)?;
    }
    Ok(CONCURRENT as f64 / start.elapsed().as_secs_f64())
}

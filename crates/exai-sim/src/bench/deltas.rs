//! What a streamed delta costs.

use std::time::Duration;

use anyhow::Context as _;

use super::bed::Bed;
use super::table::{Row, Verdict, shown};
use crate::provider::SimProvider;

/// Deltas of the long answer: at 5 µs half a second of CPU time, fifty times what the system's account resolves.
const DELTAS: u64 = 100_000;
/// Long answers; the account of a few evens out what else the processes do.
const ANSWERS: u64 = 3;

/// CPU time of daemon and shim for a long streamed answer with a progress token, less that of a short one, per delta.
pub(super) fn cost(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let provider = SimProvider::start()?;
    let mut exai = bed.exai()?;
    exai.with_provider(&provider);
    let daemon = exai.daemon()?;
    let mut shim = bed.shim(&exai)?;
    shim.greet()?;
    let mut run = |words: &str, chunks: u64| -> anyhow::Result<Duration> {
        let pids = [daemon.child().pid(), shim.child.pid()];
        let before = cpu_time(&pids)?;
        for _ in 0..ANSWERS {
            shim.call_with_token("chat", &format!(r#""prompt":"[[sim: {words} chunks={chunks}]]""#))?;
        }
        Ok(cpu_time(&pids)?.saturating_sub(before))
    };
    // The first ones open connections and warm caches.
    run("", 1)?;
    let mut each = |words: &str| -> anyhow::Result<Duration> {
        let (short, long) = (run(words, 1)?, run(words, DELTAS)?);
        Ok(long.saturating_sub(short) / u32::try_from(DELTAS * ANSWERS)?)
    };
    let (own, with_reads) = (each("")?, each("write-each")?);
    let row = |figure, target, cost: Duration, verdict| Row {
        figure,
        target,
        measured: format!("{} a delta", shown(cost)),
        floor: "–".into(),
        ratio: None,
        verdict,
    };
    Ok(vec![
        row(
            "provider delta to progress event, CPU time of daemon and shim, many deltas a read",
            "≤ 5 µs a delta",
            own,
            Verdict::of(own <= Duration::from_micros(5)),
        ),
        row(
            "the same, each delta written by itself, waking and reading included",
            "–",
            with_reads,
            Verdict::NoTarget,
        ),
    ])
}

/// CPU time of all threads of these processes, living or ended; resolved to 10 ms.
fn cpu_time(pids: &[u32]) -> anyhow::Result<Duration> {
    let ticks = pids.iter().map(|pid| ticks(*pid)).sum::<anyhow::Result<u64>>()?;
    // USER_HZ is 100 on every Linux of today.
    Ok(Duration::from_millis(ticks * 10))
}

fn ticks(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
    // The name in brackets may hold blanks; utime and stime are the 12th and 13th field after it.
    let (_, fields) = text.rsplit_once(')').context("no name")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || anyhow::Ok(fields.next().context("no CPU time")?.parse::<u64>()?);
    Ok(next()? + next()?)
}

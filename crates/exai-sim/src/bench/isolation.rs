//! Whether a provider that hangs is felt by those who ask another one.

use anyhow::Context as _;

use super::bed::Bed;
use super::latency::{EVERY, QUESTIONS};
use super::raw_host::RawHost;
use super::samples::Samples;
use super::table::{Row, Verdict, pair, ratio};
use crate::process::{HANG, poll};
use crate::provider::SimProvider;

/// Calls that hang.
const STUCK: usize = 200;

/// Questions to one provider, alone and beside 200 calls that another one leaves without a byte.
pub(super) fn neighbours(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let provider = SimProvider::start()?;
    let mut exai = bed.exai()?;
    exai.with_provider(&provider).set("GLM_MAX_CONCURRENCY", &STUCK.to_string());
    let _daemon = exai.daemon()?;
    let (mut shim, mut other) = (bed.shim(&exai)?, bed.shim(&exai)?);
    shim.greet()?;
    other.greet()?;
    let alone = ask(&mut shim)?;
    let mut lines = Vec::new();
    for _ in 0..STUCK {
        other.push_call(&mut lines, "chat", r#""prompt":"[[sim glm: hang]]","model":"glm""#)?;
    }
    let asked = provider.requests().len();
    other.write(&lines)?;
    // As many as one session may have there; the others wait behind them.
    poll(HANG, || (provider.requests().len() >= asked + 64).then_some(())).context("nothing hangs")?;
    let beside = ask(&mut shim)?;
    Ok(vec![Row {
        figure: "a question to one provider beside 200 calls that hang at another, p50 / p99 (floor: nothing hangs)",
        target: "–",
        measured: pair(beside.median(), beside.percentile(99)),
        floor: pair(alone.median(), alone.percentile(99)),
        ratio: ratio(beside.percentile(99), alone.percentile(99)),
        verdict: Verdict::NoTarget,
    }])
}

fn ask(shim: &mut RawHost) -> anyhow::Result<Samples> {
    shim.paced("chat", r#""prompt":"[[sim: chunks=1]]","model":"kimi""#, EVERY, QUESTIONS / 4)
}

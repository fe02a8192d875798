//! Whether a provider that hangs, or floods its connections, is felt by those who ask another one.

use anyhow::Context as _;

use super::bed::Bed;
use super::latency::{EVERY, QUESTIONS};
use super::raw_host::RawHost;
use super::samples::Samples;
use super::table::{Row, Verdict, pair, ratio};
use crate::flood::Flood;
use crate::process::{Exai, HANG, poll};
use crate::provider::SimProvider;

/// Calls that hang.
const STUCK: usize = 200;

/// Of those as many as one session may have there, for some are kept for the other provider; the rest wait behind them.
const STUCK_THERE: usize = 60;

/// Calls that are flooded, as many as a model is asked at a time of which nothing else was learned.
const FLOODED: usize = 4;

/// Questions to one provider, alone, and beside calls that another one hurts.
pub(super) fn neighbours(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let provider = SimProvider::start()?;
    let mut exai = bed.exai()?;
    exai.with_provider(&provider).set("GLM_MAX_CONCURRENCY", &STUCK.to_string());
    let hangs =
        || provider.requests().iter().filter(|request| request.provider == "glm").count() >= STUCK_THERE;
    let stuck = beside(bed, &mut exai, STUCK, hangs)?;

    let (provider, flood) = (SimProvider::start()?, Flood::start()?);
    let mut exai = bed.exai()?;
    exai.with_provider(&provider).set("GLM_BASE_URL", &flood.base_url());
    let flooded = beside(bed, &mut exai, FLOODED, || flood.flooded() >= FLOODED)?;
    let row = |figure, [alone, beside]: [Samples; 2]| Row {
        figure,
        target: "–",
        measured: pair(beside.median(), beside.percentile(99)),
        floor: pair(alone.median(), alone.percentile(99)),
        ratio: ratio(beside.percentile(99), alone.percentile(99)),
        verdict: Verdict::NoTarget,
    };
    Ok(vec![
        row(
            "a question to one provider beside 200 calls that hang at another, p50 / p99 (floor: nothing hangs)",
            stuck,
        ),
        row("the same beside 4 calls that another floods with heads without end (floor: no flood)", flooded),
    ])
}

/// What Kimi's answers take, alone and beside so many calls to GLM, once these hurt.
fn beside(bed: &Bed, exai: &mut Exai, calls: usize, hurt: impl Fn() -> bool) -> anyhow::Result<[Samples; 2]> {
    // Not what it finds out that a model takes at a time is to be measured.
    exai.set("KIMI_MAX_CONCURRENCY", "64");
    let _daemon = exai.daemon()?;
    let (mut shim, mut other) = (bed.shim(exai)?, bed.shim(exai)?);
    shim.greet()?;
    other.greet()?;
    let alone = ask(&mut shim)?;
    let mut lines = Vec::new();
    for _ in 0..calls {
        other.push_call(&mut lines, "chat", r#""prompt":"[[sim glm: hang]]","model":"glm""#)?;
    }
    other.write(&lines)?;
    poll(HANG, || hurt().then_some(())).context("nothing hurts")?;
    Ok([alone, ask(&mut shim)?])
}

fn ask(shim: &mut RawHost) -> anyhow::Result<Samples> {
    shim.paced("chat", r#""prompt":"[[sim: chunks=1]]","model":"kimi""#, EVERY, QUESTIONS / 4)
}

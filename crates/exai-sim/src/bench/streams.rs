//! A thousand models that write at once: whether the daemon still says that it lives, and what each of them holds.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::bed::Bed;
use super::memory::anonymous_kib;
use super::raw_host::RawHost;
use super::session::Session;
use super::table::{Row, Verdict, shown};
use crate::process::{HANG, Port, pace, poll};
use crate::provider::SimProvider;

const STREAMS: usize = 1000;
const SHIMS: usize = 4;
/// Places of all that a provider may not take while there is another.
const KEPT: usize = 4;
/// 20 deltas a second each.
const GAP_MS: u64 = 50;
/// Deltas of an answer: 30 s.
const DELTAS: u64 = 600;
/// From the first delta of all to the look at the memory: what they have of text then is next to nothing.
const LOOK_AFTER: Duration = Duration::from_secs(3);
/// What is promised of a beat, and of memory.
const BEAT_WITHIN: Duration = Duration::from_millis(2500);
const KIB_EACH: u64 = 64;

/// One daemon with all of them, watched by a session that has no call.
pub(super) fn thousand(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let provider = SimProvider::start()?;
    let mut exai = bed.exai()?;
    let (port, token) = (Port::reserve()?, "bench");
    exai.with_provider(&provider).set("EXAI_WS_TOKEN", token);
    exai.set("EXAI_WS_HOST", "127.0.0.1").set("EXAI_WS_PORT", &port.number().to_string());
    exai.set("GLM_MAX_CONCURRENCY", &STREAMS.to_string());
    exai.set("EXAI_WS_SESSION_MAX_INFLIGHT", &STREAMS.to_string());
    // Some are kept for the other provider.
    exai.set("EXAI_WS_GLOBAL_MAX_INFLIGHT", &(STREAMS + KEPT).to_string());
    let daemon = exai.daemon()?;
    let mut shims = Vec::new();
    for _ in 0..SHIMS {
        let mut shim = bed.shim(&exai)?;
        shim.greet()?;
        shim.call("version", "")?;
        shims.push(shim);
    }
    let watch = Session::open(port.address(), token)?;
    let before = anonymous_kib(daemon.child().pid())?;
    let begun = Instant::now();
    for shim in &mut shims {
        ask(shim)?;
    }
    poll(HANG, || {
        let log = provider.requests();
        (log.len() == STREAMS && log.iter().all(|request| request.events > 0)).then_some(())
    })
    .context("not all streams have begun")?;
    pace(LOOK_AFTER);
    let held = anonymous_kib(daemon.child().pid())?.saturating_sub(before);
    for shim in &mut shims {
        for _ in 0..STREAMS / SHIMS {
            shim.read_answer()?;
        }
    }
    let (took, gap) = (begun.elapsed(), watch.longest_silence()?);
    let each = held / STREAMS as u64;
    Ok(vec![
        Row {
            figure: "longest silence of a daemon in an idle session beside 1,000 streams of 20 deltas a second",
            target: "≤ 2.5 s",
            measured: format!("{} (30 s of deltas took {:.1} s)", shown(gap), took.as_secs_f64()),
            floor: "–".into(),
            ratio: None,
            verdict: Verdict::of(gap <= BEAT_WITHIN),
        },
        Row {
            figure: "memory of the daemon for each of them",
            target: "≤ 64 KiB",
            measured: format!("{each} KiB"),
            floor: "–".into(),
            ratio: None,
            verdict: Verdict::of(each <= KIB_EACH),
        },
    ])
}

fn ask(shim: &mut RawHost) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for _ in 0..STREAMS / SHIMS {
        shim.push_call(
            &mut lines,
            "chat",
            &format!(r#""prompt":"[[sim: chunks={DELTAS} gap={GAP_MS}ms]]""#),
        )?;
    }
    shim.write(&lines)
}

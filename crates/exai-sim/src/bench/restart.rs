//! How fast an answer comes once the daemon listens again.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::bed::Bed;
use super::samples::Samples;
use super::table::{Row, Verdict, pair};
use crate::process::{HANG, Port, pace, poll_every};

const CYCLES: u32 = 40;
/// Outages are spread between these, so that every place of the shim's backoff is met.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(900);
/// Time between two looks at the port.
const LOOK_EVERY: Duration = Duration::from_micros(500);

/// Kills the daemon, lets a call wait, starts the daemon, and measures from its first accepted connection to the answer.
pub(super) fn cycles(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let mut exai = bed.exai()?;
    let port = Port::reserve()?;
    exai.set("EXAI_WS_HOST", "127.0.0.1").set("EXAI_WS_PORT", &port.number().to_string());
    let mut daemon = exai.daemon()?;
    let mut shim = bed.shim(&exai)?;
    shim.greet()?;
    shim.call("listmodels", "")?;
    let address = port.address();
    let mut samples = Samples::default();
    for cycle in 0..CYCLES {
        daemon.kill()?;
        let mut line = Vec::new();
        // Not `version`, which the shim answers itself after a while.
        let id = shim.push_call(&mut line, "listmodels", "")?;
        shim.write(&line)?;
        pace(SHORTEST + (LONGEST - SHORTEST) * cycle / CYCLES);
        daemon = exai.start_daemon()?;
        let listens = std::thread::spawn(move || listening_since(address));
        shim.wait(id)?;
        let answered = Instant::now();
        let since = listens.join().map_err(|_| anyhow::anyhow!("the thread at the port is gone"))??;
        samples.push(answered.saturating_duration_since(since));
    }
    let (p50, p99) = (samples.median(), samples.percentile(99));
    Ok(vec![Row {
        figure: "first answer after the daemon listens again, 40 kills, p50 / p99",
        target: "≤ 100 ms / ≤ 300 ms",
        measured: pair(p50, p99),
        floor: "–".into(),
        ratio: None,
        verdict: Verdict::of(p50 <= Duration::from_millis(100) && p99 <= Duration::from_millis(300)),
    }])
}

/// When the first connection was accepted.
fn listening_since(address: SocketAddr) -> anyhow::Result<Instant> {
    poll_every(LOOK_EVERY, HANG, || TcpStream::connect_timeout(&address, HANG).ok())
        .context("nothing listens after the restart")?;
    Ok(Instant::now())
}

//! How fast a shim is gone once its host is, or wants it to be.

use std::time::Duration;

use super::bed::Bed;
use super::raw_host::End;
use super::samples::Samples;
use super::table::{Row, Verdict, pair, ratio};
use crate::process::{Exai, Port, pace};

/// Ends of each kind.
const ENDS: u32 = 40;
/// Outages are spread between these: every place between two dials is met, and what nobody reads has filled the pipe.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(220);
/// Lists that nobody reads: about 1 MB, of which a pipe takes 64 KiB.
const UNREAD: usize = 200;
const LIST: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":\"list\",\"method\":\"tools/list\"}\n";
/// What is promised, for every end.
const PROMISED: Duration = Duration::from_millis(100);

/// What the host does meanwhile.
#[derive(Clone, Copy)]
enum Reader {
    /// Waits for an answer.
    Waits,
    /// Reads nothing, and the pipe is full.
    Jammed,
}

/// End of stdin and SIGTERM during an outage with a call held, with a host that waits and with one that does not read.
pub(super) fn shim(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let mut exai = bed.exai()?;
    let port = Port::reserve()?;
    exai.set("EXAI_WS_HOST", "127.0.0.1").set("EXAI_WS_PORT", &port.number().to_string());
    let rows = [
        ("end of stdin to the exit of a shim in an outage, p50 / p99", End::Stdin, Reader::Waits),
        ("the same with a full stdout that nobody reads", End::Stdin, Reader::Jammed),
        ("SIGTERM to the exit of a shim in an outage, p50 / p99", End::Terminate, Reader::Waits),
        ("the same with a full stdout that nobody reads", End::Terminate, Reader::Jammed),
    ];
    rows.into_iter().map(|(figure, end, reader)| row(bed, &exai, figure, end, reader)).collect()
}

fn row(bed: &Bed, exai: &Exai, figure: &'static str, end: End, reader: Reader) -> anyhow::Result<Row> {
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    for nth in 0..ENDS {
        let mut shim = bed.shim(exai)?;
        shim.greet()?;
        let mut lines = Vec::new();
        // Not `version`, which the shim answers itself after a while.
        shim.push_call(&mut lines, "listmodels", "")?;
        if let Reader::Jammed = reader {
            lines.extend(LIST.repeat(UNREAD));
        }
        shim.write(&lines)?;
        pace(SHORTEST + (LONGEST - SHORTEST) * nth / ENDS);
        ours.push(shim.end(end)?);
        let mut bare = bed.floor()?;
        bare.greet()?;
        floor.push(bare.end(end)?);
    }
    let (p50, p99) = (ours.median(), ours.percentile(99));
    Ok(Row {
        figure,
        target: "≤ 100 ms",
        measured: pair(p50, p99),
        floor: pair(floor.median(), floor.percentile(99)),
        ratio: ratio(p50, floor.median()),
        verdict: Verdict::of(p99 <= PROMISED),
    })
}

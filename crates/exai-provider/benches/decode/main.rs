//! What a delta costs from the bytes of a body to the text of an answer, on one core: here, and by two pairs of decoder and
//! parser that others use. `cargo bench -p exai-provider` prints a table with times, and with instructions where valgrind is
//! installed: those do not depend on what else the machine does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod body;
mod ours;
mod theirs;

use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Deltas of the body that is timed.
const DELTAS: usize = 50_000;
/// The quickest of so many runs: others on the machine only ever add.
const RUNS: usize = 15;
/// Of those whose instructions are counted, less the half of it, so that the start of the process falls out.
const COUNTED: usize = 4000;
/// What is promised.
const LIMIT: Duration = Duration::from_micros(2);

/// From pieces of a body to the length of the text in it.
type Decode = fn(Vec<Bytes>) -> usize;

const DECODERS: [(&str, Decode); 3] = [
    ("exai, the whole of a call", ours::decode),
    ("sse-core, serde_json::Value", theirs::sse_core),
    ("eventsource-stream, async-openai's types", theirs::eventsource_stream),
];

/// How the network brings it.
const READS: [(&str, usize); 2] = [("16 KiB a read", 16 << 10), ("a delta a read", 0)];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let at = |n: usize| arguments.get(n).and_then(|text| text.parse::<usize>().ok());
    match (arguments.get(1).map(String::as_str), at(2), at(3), at(4)) {
        (Some("once"), Some(decoder), Some(read), Some(deltas)) => match DECODERS.get(decoder) {
            Some((_, decode)) => drop(run(*decode, READS[read].1, deltas)),
            None => drop(body::pieces(deltas, READS[read].1)),
        },
        _ => table(),
    }
}

/// One body; the time of the decoding alone.
fn run(decode: Decode, read: usize, deltas: usize) -> Duration {
    let (pieces, length) = body::pieces(deltas, read);
    let start = Instant::now();
    let found = decode(pieces);
    let took = start.elapsed();
    assert_eq!(found, length, "it has read something else");
    took
}

fn table() {
    println!("| decoder and parser | {} | {} | instructions |", READS[0].0, READS[1].0);
    println!("|---|---|---|---|");
    let mut met = true;
    for (n, (name, decode)) in DECODERS.into_iter().enumerate() {
        let each = READS.map(|(_, read)| {
            let quickest = (0..RUNS).map(|_| run(decode, read, DELTAS)).min().unwrap();
            quickest.as_secs_f64() * 1e6 / DELTAS as f64
        });
        let counted = instructions(n).map_or("not counted".to_owned(), |count| format!("{count} a delta"));
        println!("| {name} | {:.2} µs a delta | {:.2} µs a delta | {counted} |", each[0], each[1]);
        met &= n > 0 || each[0] <= LIMIT.as_secs_f64() * 1e6;
    }
    println!("\n≤ 2 µs a delta: {}", if met { "yes" } else { "**no**" });
}

/// Of a delta, with many in a read, less what it takes to make it; nothing without valgrind.
fn instructions(decoder: usize) -> Option<u64> {
    let grown = |decoder| Some(collected(decoder, COUNTED)?.saturating_sub(collected(decoder, COUNTED / 2)?));
    let (decoded, made) = (grown(decoder)?, grown(DECODERS.len())?);
    Some(decoded.saturating_sub(made) / (COUNTED as u64 / 2))
}

fn collected(decoder: usize, deltas: usize) -> Option<u64> {
    let exe = std::env::current_exe().ok()?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(exe);
    let output = valgrind.args(["once", &decoder.to_string(), "0", &deltas.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find_map(|line| line.split_once("Collected : "))?.1;
    line.trim().parse().ok()
}

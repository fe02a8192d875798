//! What a question costs on its way through shim, daemon and journal, beside the same question asked directly.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::bed::Bed;
use super::journal::Floor;
use super::samples::Samples;
use super::table::{Row, Verdict, pair, ratio, shown};
use crate::process::{Exai, HANG, Port, TempDir, pace};
use crate::provider::SimProvider;

/// 500 a second.
pub(super) const EVERY: Duration = Duration::from_millis(2);
pub(super) const QUESTIONS: u32 = 5000;
/// Not measured: connections open, buffers and the journal's log reach their size.
const WARM_UP: u32 = 1000;
/// Syncs that show what the disk can do.
const SYNCS: u32 = 500;
/// A model that answers at once, in one piece.
const PROMPT: &str = "[[sim: chunks=1]] at once";

/// At a rate that leaves none waiting for another: through everything with the journal in memory, and on a disk.
pub(super) fn healthy_path(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let provider = SimProvider::start()?;
    let direct = directly(provider.address())?;
    let added = |samples: &Samples| {
        let added = |percent| samples.percentile(percent).saturating_sub(direct.median());
        (added(50), added(99))
    };
    let floor = pair(direct.median(), direct.percentile(99));

    let in_memory = added(&through(bed, &provider, None)?);
    let exe = std::env::current_exe()?;
    // The disk that the programs were built on, since /tmp may be memory.
    let dir = TempDir::within(exe.parent().context("a program without a directory")?)?;
    let mut log = Floor::in_dir(dir.path())?;
    let mut syncs = Samples::default();
    for _ in 0..SYNCS {
        let start = Instant::now();
        log.sync()?;
        syncs.push(start.elapsed());
    }
    let on_disk = added(&through(bed, &provider, Some(dir.path()))?);
    Ok(vec![
        Row {
            figure: "added by shim and daemon to a question at 500 a second, journal in memory, p50 / p99 (floor: asked directly)",
            target: "p99 ≤ 1 ms",
            measured: pair(in_memory.0, in_memory.1),
            floor,
            ratio: None,
            verdict: Verdict::of(in_memory.1 <= Duration::from_millis(1)),
        },
        Row {
            figure: "the same with the journal on a disk (floor: its fdatasync, p50 / p99)",
            target: "–",
            measured: pair(on_disk.0, on_disk.1),
            floor: format!("{} / {}", shown(syncs.median()), shown(syncs.percentile(99))),
            ratio: ratio(on_disk.0, syncs.median()),
            verdict: Verdict::NoTarget,
        },
    ])
}

/// Through shim and daemon. `state`: where the journal is; none: in memory.
fn through(bed: &Bed, provider: &SimProvider, state: Option<&Path>) -> anyhow::Result<Samples> {
    let mut exai = bed.exai()?;
    let port = Port::reserve()?;
    exai.with_provider(provider);
    exai.set("EXAI_WS_HOST", "127.0.0.1").set("EXAI_WS_PORT", &port.number().to_string());
    exai.set("GLM_MAX_CONCURRENCY", "64");
    let _daemon = keeping(&mut exai, state, port.address())?;
    let mut shim = bed.shim(&exai)?;
    shim.greet()?;
    let prompt = format!(r#""prompt":"{PROMPT}""#);
    shim.paced("chat", &prompt, EVERY, WARM_UP)?;
    shim.paced("chat", &prompt, EVERY, QUESTIONS)
}

fn keeping(
    exai: &mut Exai,
    state: Option<&Path>,
    address: SocketAddr,
) -> anyhow::Result<crate::process::Daemon> {
    match state {
        Some(dir) => {
            exai.set("EXAI_STATE_DIR", &dir.to_string_lossy());
        }
        None => ["EXAI_STATE_DIR", "HOME", "USERPROFILE"].into_iter().for_each(|name| {
            exai.unset(name);
        }),
    }
    let daemon = exai.start_daemon()?;
    exai.wait_status(address, 200)?;
    Ok(daemon)
}

/// The same questions over one connection that is kept open, by a client that does nothing but read to the end.
fn directly(address: SocketAddr) -> anyhow::Result<Samples> {
    let body = format!(
        r#"{{"model":"sim-model","stream":true,"messages":[{{"role":"user","content":"{PROMPT}"}}]}}"#
    );
    let head = format!(
        "POST /glm/v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect_timeout(&address, HANG)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HANG))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let (request, mut samples) = (format!("{head}{body}"), Samples::default());
    let begun = Instant::now();
    for n in 0..WARM_UP + QUESTIONS {
        pace((EVERY * n).saturating_sub(begun.elapsed()));
        let start = Instant::now();
        stream.write_all(request.as_bytes())?;
        read_whole(&mut answers)?;
        if n >= WARM_UP {
            samples.push(start.elapsed());
        }
    }
    Ok(samples)
}

/// Reads a head and a chunked body to its end.
fn read_whole(answers: &mut BufReader<TcpStream>) -> anyhow::Result<()> {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        anyhow::ensure!(answers.read_line(&mut line)? > 0, "the provider has closed the connection");
    }
    loop {
        line.clear();
        answers.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).context("the body is not chunked")?;
        let mut chunk = vec![0; length + 2];
        answers.read_exact(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
    }
}

//! What a question costs on its way through shim, daemon and journal, beside the same question asked directly, and through two
//! processes that stand where those do and only hand it on.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::bed::Bed;
use super::journal::Floor;
use super::raw_host::RawHost;
use super::relay::Asker;
use super::samples::Samples;
use super::table::{Row, Verdict, pair, ratio, shown};
use crate::process::{Daemon, Exai, Port, TempDir, pace};
use crate::provider::SimProvider;

/// 500 a second.
pub(super) const EVERY: Duration = Duration::from_millis(2);
pub(super) const QUESTIONS: u32 = 5000;
/// The ways take turns of this length, so that a machine that is slower for a while is so for all of them.
const TURN: u32 = 500;
/// Not measured: connections open, buffers and the journal's log reach their size.
const WARM_UP: u32 = 1000;
/// Syncs that show what the disk can do.
const SYNCS: u32 = 500;
/// A model that answers at once, in one piece.
const PROMPT: &str = "[[sim: chunks=1]] at once";

/// At a rate that leaves none waiting for another: through everything with the journal in memory, and on a disk.
pub(super) fn healthy_path(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let provider = SimProvider::start()?;
    let [in_memory, relayed, direct] = side_by_side(bed, &provider)?;
    let added = |samples: &Samples| {
        let added = |percent| samples.percentile(percent).saturating_sub(direct.median());
        (added(50), added(99))
    };
    let (in_memory, relayed) = (added(&in_memory), added(&relayed));

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
    let mut through = Through::start(bed, &provider, Some(dir.path()))?;
    through.shim.ask(WARM_UP)?;
    let on_disk = added(&through.shim.ask(QUESTIONS)?);
    Ok(vec![
        Row {
            figure: "a question asked directly, 500 a second, p50 / p99",
            target: "–",
            measured: pair(direct.median(), direct.percentile(99)),
            floor: "–".to_owned(),
            ratio: None,
            verdict: Verdict::NoTarget,
        },
        Row {
            figure: "added to it by shim and daemon, journal in memory, p50 / p99 (floor: by two relays in their place, in turns)",
            target: "p99 ≤ 1 ms",
            measured: pair(in_memory.0, in_memory.1),
            floor: pair(relayed.0, relayed.1),
            ratio: ratio(in_memory.0, relayed.0),
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

/// Through shim and daemon, through the relays, and directly.
fn side_by_side(bed: &Bed, provider: &SimProvider) -> anyhow::Result<[Samples; 3]> {
    let mut through = Through::start(bed, provider, None)?;
    let (_far, mut relay) = bed.relays(provider.address(), PROMPT)?;
    let mut direct = Asker::connect(provider.address(), PROMPT)?;
    let mut ways: [&mut dyn Way; 3] = [&mut through.shim, &mut relay, &mut direct];
    for way in &mut ways {
        way.ask(WARM_UP)?;
    }
    let mut all: [Samples; 3] = Default::default();
    for _ in 0..QUESTIONS / TURN {
        for (way, samples) in ways.iter_mut().zip(&mut all) {
            samples.append(way.ask(TURN)?);
        }
    }
    Ok(all)
}

/// Somebody who can be asked.
trait Way {
    /// Asks so many questions, one [`EVERY`], and waits for the answers; how long each took.
    fn ask(&mut self, count: u32) -> anyhow::Result<Samples>;
}

impl Way for RawHost {
    fn ask(&mut self, count: u32) -> anyhow::Result<Samples> {
        self.paced("chat", &format!(r#""prompt":"{PROMPT}""#), EVERY, count)
    }
}

impl Way for Asker {
    fn ask(&mut self, count: u32) -> anyhow::Result<Samples> {
        let (begun, mut samples) = (Instant::now(), Samples::default());
        for n in 0..count {
            pace((EVERY * n).saturating_sub(begun.elapsed()));
            let start = Instant::now();
            self.ask()?;
            samples.push(start.elapsed());
        }
        Ok(samples)
    }
}

/// A shim and its daemon.
struct Through {
    shim: RawHost,
    _daemon: Daemon,
    _exai: Exai,
}

impl Through {
    /// `state`: where the journal is; none: in memory.
    fn start(bed: &Bed, provider: &SimProvider, state: Option<&Path>) -> anyhow::Result<Self> {
        let mut exai = bed.exai()?;
        let port = Port::reserve()?;
        exai.with_provider(provider);
        exai.set("EXAI_WS_HOST", "127.0.0.1").set("EXAI_WS_PORT", &port.number().to_string());
        exai.set("GLM_MAX_CONCURRENCY", "64");
        let _daemon = keeping(&mut exai, state, port.address())?;
        let mut shim = bed.shim(&exai)?;
        shim.greet()?;
        Ok(Self { shim, _daemon, _exai: exai })
    }
}

fn keeping(exai: &mut Exai, state: Option<&Path>, address: SocketAddr) -> anyhow::Result<Daemon> {
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

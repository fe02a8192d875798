//! A minute of kills: eight shims with eight calls in flight each, and a daemon that is killed every half second to three
//! seconds. In a binary of its own, because what it counts depends on how fast things go. `EXAI_STORM_SECS` lengthens it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use exai_sim::host::{Answer, Host, Pending, Progress, Revision};
use exai_sim::process::{Exai, HANG, pace, poll};
use exai_sim::provider::{SimProvider, digest, wide_answer_to};
use serde_json::json;

const SHIMS: usize = 8;
const CALLS_EACH: usize = 8;
/// One call in so many changes the world instead of asking a model.
const EFFECT_EVERY: u64 = 16;
/// Longest effect: one that is killed in its middle is rightly called unknown, which is not what is counted here.
const EFFECT_MS: u64 = 100;
/// Bytes of a piece of an answer, one each 80 ms: each makes a checkpoint.
const WIDTH: usize = 4096;
const GAP_MS: u64 = 80;
/// What a call that has ended may take of the memory of each later daemon, in KiB.
const KNOWN_KIB: u64 = 4;
/// After the last kill every call ends within this.
const SETTLED: Duration = Duration::from_secs(120);

struct Dice(u64);

impl Dice {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) % (high - low + 1)
    }
}

/// One call and what it is to bring.
struct Asked {
    pending: Pending,
    /// Prompt, or line of the effect.
    text: String,
    chunks: u64,
    effect: bool,
}

/// A host that keeps its calls in flight until it is told to stop, then waits for the last of them.
fn keep_asking(host: &Host, name: usize, file: &Path, over: &AtomicBool) -> Vec<(Asked, Answer)> {
    let (mut dice, mut n) = (Dice(name as u64 + 1), 0);
    let mut open: Vec<Asked> = Vec::new();
    let mut answered = Vec::new();
    loop {
        while open.len() < CALLS_EACH && !over.load(Ordering::SeqCst) {
            n += 1;
            open.push(ask(host, &format!("{name}-{n}"), n % EFFECT_EVERY == 0, &mut dice, file));
        }
        if open.is_empty() {
            return answered;
        }
        let at = poll(SETTLED, || open.iter().position(|asked| host.answer(&asked.pending).is_some()));
        let asked = open.remove(at.unwrap_or_else(|| panic!("hangs: {:?}", open[0].pending)));
        let answer = host.answer(&asked.pending).unwrap();
        answered.push((asked, answer));
    }
}

fn ask(host: &Host, name: &str, effect: bool, dice: &mut Dice, file: &Path) -> Asked {
    // From a tenth of a second to two.
    let chunks = dice.between(1, 25);
    if effect {
        let arguments =
            json!({"path": file.to_str().unwrap(), "line": name, "ms": dice.between(0, EFFECT_MS)});
        let pending = host.call("write_line", arguments, Progress::Wanted).unwrap();
        return Asked { pending, text: name.to_owned(), chunks, effect };
    }
    let text = format!("[[sim: chunks={chunks} width={WIDTH} gap={GAP_MS}ms]] {name}");
    let arguments = json!({"prompt": text, "model": "kimi-k3"});
    let pending = host.call("chat", arguments, Progress::Wanted).unwrap();
    Asked { pending, text, chunks, effect }
}

/// How calls ended.
#[derive(Debug, Default)]
struct Tally {
    real: usize,
    unknown: usize,
    failed: usize,
}

fn count(tally: &mut Tally, asked: &Asked, answer: &Answer) {
    let text = answer.text().unwrap();
    let whole = match asked.effect {
        true => text.contains(&format!("wrote {}", asked.text)),
        false => text.contains(&wide_answer_to(&asked.text, asked.chunks, WIDTH)),
    };
    if whole && !answer.is_tool_error() {
        tally.real += 1;
    } else if text.contains("can't be known") {
        assert!(asked.effect, "only an effect's outcome can be unknown: {}", answer.line);
        tally.unknown += 1;
    } else {
        tally.failed += 1;
        let last = text.lines().last().unwrap_or_default();
        eprintln!("{}: {} bytes: {last}", asked.text, text.len());
    }
}

#[test]
fn every_call_is_answered_once_and_paid_for_three_times_at_most() {
    let provider = SimProvider::start().unwrap();
    let mut exai = Exai::new(Path::new(env!("CARGO_BIN_EXE_exai-lab"))).unwrap();
    exai.with_provider(&provider).set("LOG_LEVEL", "info").set("KIMI_MAX_CONCURRENCY", "64");
    let file = exai.home().join("world.txt");
    let hosts: Vec<Host> = (0..SHIMS)
        .map(|_| {
            let host = exai.host().unwrap();
            host.initialize(Revision::V2025_11_25).unwrap();
            host
        })
        .collect();
    let over = AtomicBool::new(false);
    let (answers, kills, memory) = std::thread::scope(|scope| {
        let asking: Vec<_> = hosts
            .iter()
            .enumerate()
            .map(|(name, host)| {
                let (file, over) = (&file, &over);
                scope.spawn(move || keep_asking(host, name, file, over))
            })
            .collect();
        let (kills, memory) = storm(&exai);
        over.store(true, Ordering::SeqCst);
        let _last = exai.daemon().unwrap();
        let answers: Vec<_> = asking.into_iter().map(|host| host.join().unwrap()).collect();
        (answers, kills, memory)
    });
    for host in &hosts {
        host.transcript().check_complete().unwrap();
        assert!(host.child().status().is_none(), "a dead shim");
    }
    let mut tally = Tally::default();
    answers.iter().flatten().for_each(|(asked, answer)| count(&mut tally, asked, answer));
    check_bills(&provider, answers.iter().flatten().map(|(asked, _)| asked));
    check_effects(&file);
    let calls = tally.real + tally.unknown + tally.failed;
    eprintln!("{kills} kills, {calls} calls: {tally:?}; memory of the daemons {memory:?} KiB");
    assert!(tally.real * 100 >= calls * 95, "{tally:?} of {calls}");
    assert!(calls > SHIMS * CALLS_EACH, "the storm kept everything waiting");
    assert_flat(&memory, calls as u64);
}

/// Each daemon begins with what is known of all calls so far, a few hundred bytes each; of their answers, which are a
/// hundred times that, nothing may stay.
fn assert_flat(memory: &[u64], calls: u64) {
    let mean = |part: &[u64]| part.iter().sum::<u64>() / part.len().max(1) as u64;
    let quarter = memory.len() / 4;
    let (first, last) = (mean(&memory[..quarter]), mean(&memory[memory.len() - quarter..]));
    assert!(last <= first + calls * KNOWN_KIB, "{first} KiB at first, {last} KiB at last");
}

/// Kills and starts the daemon for a while; how often, and the memory of each in KiB when it was killed.
fn storm(exai: &Exai) -> (usize, Vec<u64>) {
    let mut dice = Dice(99);
    let (begun, mut memory) = (Instant::now(), Vec::new());
    while begun.elapsed() < length() {
        let daemon = exai.daemon().unwrap();
        pace(Duration::from_millis(dice.between(500, 3000)));
        memory.extend(resident(daemon.child().pid()));
        daemon.kill().unwrap();
    }
    (memory.len(), memory)
}

fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn check_bills<'a>(provider: &SimProvider, asked: impl Iterator<Item = &'a Asked>) {
    provider.wait_for(HANG, |log| log.iter().all(|request| !request.is_open())).unwrap();
    let mut bills: BTreeMap<String, usize> = BTreeMap::new();
    for request in provider.requests() {
        *bills.entry(request.digest).or_default() += 1;
    }
    for asked in asked.filter(|asked| !asked.effect) {
        let billed = bills.get(&digest(&asked.text)).copied().unwrap_or(0);
        assert!((1..=3).contains(&billed), "{} was asked {billed} times", asked.text);
    }
}

fn check_effects(file: &Path) {
    let written = std::fs::read_to_string(file).unwrap_or_default();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for line in written.lines() {
        *lines.entry(line).or_default() += 1;
    }
    let twice: Vec<_> = lines.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "effects that took place more than once: {twice:?}");
}

#[expect(clippy::disallowed_methods, reason = "a test's own size")]
fn length() -> Duration {
    let told = std::env::var("EXAI_STORM_SECS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(told.unwrap_or(60))
}

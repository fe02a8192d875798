//! The whole in virtual time: every promise holds in every history, and every bug that is put in on purpose is found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use exai_lab::bug::Bug;
use exai_lab::simulation::{self, Coverage, Invariant, Report, Seeded, Violation};

/// Enough for every push; `EXAI_SEEDS` lengthens the run.
const SEEDS: u64 = 200;
const THREADS: u64 = 2;

#[expect(clippy::disallowed_methods, reason = "a test's own size")]
fn seeds() -> u64 {
    std::env::var("EXAI_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS)
}

fn describe(seed: u64, violations: &[Violation]) -> String {
    let mut text = String::new();
    for Violation { invariant, at, text: what } in violations {
        writeln!(text, "seed {seed}: {invariant:?} at {at:?}: {what}").unwrap();
    }
    text
}

/// Lives through all of these seeds, several at a time.
fn live_through(seeds: &[u64]) -> (String, Coverage) {
    let part = |offset: u64| {
        let (mut found, mut coverage) = (String::new(), Coverage::default());
        for seed in seeds.iter().skip(offset as usize).step_by(THREADS as usize) {
            let Report { violations, coverage: seen, .. } = simulation::run(*seed, None, false);
            found += &describe(*seed, &violations);
            coverage.add(&seen);
        }
        (found, coverage)
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|offset| scope.spawn(move || part(offset))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (mut found, mut coverage) = (String::new(), Coverage::default());
    for (text, seen) in parts {
        found += &text;
        coverage.add(&seen);
    }
    (found, coverage)
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte() {
    let traces = |seed| simulation::run(seed, None, true).trace.text().to_owned();
    let first: Vec<String> = (0..6).map(traces).collect();
    for seed in (0..6).rev() {
        let first = &first[seed as usize];
        assert!(first.lines().count() > 100, "seed {seed} has a life");
        let again = traces(seed);
        let differs = first.lines().zip(again.lines()).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), again.len(), "seed {seed}");
    }
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 6, "each seed has its own");
}

#[test]
fn what_is_traced_is_what_happens_untraced() {
    let (traced, plain) = (simulation::run(1, None, true), simulation::run(1, None, false));
    assert_eq!(traced.coverage, plain.coverage);
    assert_eq!(plain.trace.text(), "");
}

#[test]
fn every_promise_holds_in_every_history_and_each_was_put_to_the_test() {
    let all: Vec<u64> = (0..seeds()).collect();
    let (found, coverage) = live_through(&all);
    assert!(found.is_empty(), "{found}");
    if seeds() >= SEEDS {
        let missed: Vec<_> = WORTH_HAPPENING.iter().filter(|what| coverage.of(what) == 0).collect();
        assert!(missed.is_empty(), "{missed:?} never happened");
    }
}

/// Seeds beyond the first two hundred that failed once. What they found has a test of its own beside the logic that was wrong;
/// a change of the world makes other histories of them.
const CASES: [u64; 12] = [263, 344, 404, 672, 883, 1424, 2245, 2302, 2404, 2564, 2589, 2724];

#[test]
fn what_failed_once_holds() {
    let (found, _) = live_through(&CASES);
    assert!(found.is_empty(), "{found}");
}

/// Runs seeds until a promise is broken; says which were.
fn first_broken(bug: Seeded) -> BTreeSet<Invariant> {
    let reports = (0..SEEDS).map(|seed| simulation::run(seed, Some(bug), false).violations);
    let found = reports.into_iter().find(|violations| !violations.is_empty()).expect("it is found");
    found.into_iter().map(|violation| violation.invariant).collect()
}

fn is_found(bug: Seeded, as_this: Invariant) {
    let found = first_broken(bug);
    assert!(found.contains(&as_this), "found as {found:?}");
}

#[test]
fn a_journal_in_memory_only_is_found() {
    is_found(Seeded::Journal(Bug::MemoryOnly), Invariant::Kept);
}

#[test]
fn a_result_before_its_commit_is_found() {
    is_found(Seeded::Journal(Bug::ResultBeforeCommit), Invariant::Kept);
}

#[test]
fn a_start_that_is_not_journaled_is_found() {
    is_found(Seeded::Journal(Bug::StartedNotWritten), Invariant::Kept);
}

#[test]
fn no_recovery_is_found() {
    is_found(Seeded::Journal(Bug::NoRecovery), Invariant::Kept);
}

#[test]
fn an_epoch_that_is_not_kept_is_found() {
    is_found(Seeded::Journal(Bug::EpochNotKept), Invariant::EpochRises);
}

#[test]
fn a_cancel_that_is_not_journaled_is_found() {
    is_found(Seeded::Journal(Bug::CancelNotWritten), Invariant::Kept);
}

#[test]
fn no_deduplication_in_the_daemon_is_found() {
    is_found(Seeded::NoDedup, Invariant::OwnAnswer);
}

#[test]
fn an_ack_before_the_host_has_its_line_is_found() {
    is_found(Seeded::AckBeforeWrite, Invariant::AckAfterWrite);
}

/// What has to happen somewhere in two hundred histories. What is rarer happens in longer runs.
const WORTH_HAPPENING: &[&str] = &[
    "accepted-unwritten",
    "accepted-written",
    "another journal",
    "answer delivered again",
    "asked again after a shim's end",
    "asked again after giving up",
    "attempt cut by a drain",
    "attempt denied: draining",
    "attempt denied: exhausted",
    "attempt denied: over",
    "attempt goes on from kept text",
    "attempt refused at no cost",
    "call buried or forgotten",
    "call goes on after an earlier start's attempt",
    "call not kept that the executor had",
    "call not kept",
    "call with a handle runs at a start",
    "calls parked at a start",
    "came back under the same id",
    "cancel kept",
    "cancel of a call on its way to the journal",
    "cancel of a call that has ended",
    "cancel of a call that is not known",
    "cancel of a call that is parked",
    "cancel of a call that runs",
    "cancel that crosses an end",
    "cancelled",
    "collected after giving up",
    "connection reset",
    "daemon aborted by its disk",
    "daemon drained",
    "daemon frozen and thawed",
    "daemon killed at any moment",
    "daemon started",
    "daemon usurped",
    "detached",
    "done-unwritten",
    "done-written",
    "end not kept",
    "ended: deadline",
    "ended: refused",
    "ended: rejected",
    "epoch gone back",
    "given up for silence",
    "half-open connection found by writing to it",
    "machine slept",
    "path cut and healed",
    "record of a daemon that was usurped",
    "refusal told at once",
    "refused: draining",
    "refused: journal full",
    "refused: journal unavailable",
    "refused: overloaded",
    "refused: unknown call",
    "run past its deadline",
    "second attempt",
    "session left",
    "shim frozen and thawed",
    "shim killed before it wrote an answer",
    "shim killed between an answer and its ack",
    "shim killed",
    "shim left",
    "start beside the record of its call",
    "start not kept",
    "started-unwritten",
    "started-written",
    "stream broken",
    "streaming",
    "takes over a call that is parked",
    "takes over a call that runs",
    "takes over an answer that is kept",
    "text of an earlier start handed on",
    "the same asked twice at once",
    "third attempt",
    "told: a handle",
    "told: answer of an earlier call",
    "told: not kept",
    "told: outcome unknown",
    "told: several attempts",
    "tool crashed",
    "two daemons on one volume",
    "volume lost",
    "volume restored",
    "wall clock jumped",
];

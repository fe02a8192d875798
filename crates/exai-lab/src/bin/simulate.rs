//! Runs the simulation for as many seeds as one likes.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use exai_lab::named::named;
use exai_lab::simulation::{self, Coverage, Seeded};

const USAGE: &str = "usage: simulate [--seeds N] [--from SEED] [--bug NAME] [--coverage]
       simulate --trace SEED [--bug NAME]
";

#[derive(Debug)]
struct Options {
    seeds: u64,
    from: u64,
    bug: Option<Seeded>,
    trace: Option<u64>,
    coverage: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    let Some(options) = read(&arguments) else {
        let _ = std::io::stderr().write_all(USAGE.as_bytes());
        for (name, _) in Seeded::all() {
            let _ = writeln!(std::io::stderr(), "       bug: {name}");
        }
        return ExitCode::from(64);
    };
    let held = match options.trace {
        Some(seed) => trace(&mut out, seed, options.bug),
        None => seeds(&mut out, &options),
    };
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(arguments: &[String]) -> Option<Options> {
    let mut options = Options { seeds: 1000, from: 0, bug: None, trace: None, coverage: false };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--seeds" => options.seeds = rest.next()?.parse().ok()?,
            "--from" => options.from = rest.next()?.parse().ok()?,
            "--trace" => options.trace = Some(rest.next()?.parse().ok()?),
            "--bug" => options.bug = Some(named(Seeded::all(), rest.next()?).ok()?),
            "--coverage" => options.coverage = true,
            _ => return None,
        }
    }
    Some(options)
}

fn trace(out: &mut impl std::io::Write, seed: u64, bug: Option<Seeded>) -> bool {
    let report = simulation::run(seed, bug, true);
    let _ = out.write_all(report.trace.text().as_bytes());
    for violation in &report.violations {
        let _ = writeln!(out, "{:?} at {:?}: {}", violation.invariant, violation.at, violation.text);
    }
    report.violations.is_empty()
}

fn seeds(out: &mut impl std::io::Write, options: &Options) -> bool {
    let (began, mut broken, mut coverage) = (Instant::now(), 0, Coverage::default());
    for seed in options.from..options.from.saturating_add(options.seeds) {
        let report = simulation::run(seed, options.bug, false);
        coverage.add(&report.coverage);
        broken += u64::from(!report.violations.is_empty());
        for violation in &report.violations {
            let (invariant, at, text) = (violation.invariant, violation.at, &violation.text);
            let _ = writeln!(out, "seed {seed}: {invariant:?} at {at:?}: {text}");
        }
    }
    if options.coverage {
        for (what, count) in coverage.iter() {
            let _ = writeln!(out, "{count:>8} {what}");
        }
    }
    let _ = writeln!(out, "{} seeds, {broken} broken, {:?}", options.seeds, began.elapsed());
    broken == 0
}

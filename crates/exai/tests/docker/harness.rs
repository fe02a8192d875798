//! Runs trials and reports in the words of Rust's own test runner, which can't decide at run time that a test is skipped:
//! it would count as passed.

use std::process::ExitCode;
use std::time::Instant;

use crate::engine::Engine;

/// What Rust's own runner exits with.
const FAILED: u8 = 101;

/// Its options that are followed by a value.
const WITH_VALUE: [&str; 5] = ["--color", "--format", "--logfile", "--skip", "--test-threads"];

/// A test.
pub(crate) struct Trial {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Engine),
}

/// Whether there is what the trials need.
pub(crate) enum Outfit {
    There(Engine),
    /// Not, and why; so they are skipped.
    Missing(String),
    /// Not, and somebody relies on it.
    Missed(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Ignored,
}

/// Runs those whose names the command line has a part of, all at once: each waits for an engine or for time to pass.
pub(crate) fn run(trials: &'static [Trial], outfit: impl FnOnce() -> Outfit) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let filters = filters(&words);
    let asked = |trial: &&Trial| filters.is_empty() || filters.iter().any(|part| trial.name.contains(part));
    let chosen: Vec<&'static Trial> = trials.iter().filter(asked).collect();
    if words.iter().any(|word| word == "--list") {
        chosen.iter().for_each(|trial| println!("{}: test", trial.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let began = Instant::now();
    let outcomes = if chosen.is_empty() { Vec::new() } else { all(&chosen, &outfit()) };
    let count = |outcome| outcomes.iter().filter(|other| **other == outcome).count();
    let failed = count(Outcome::Failed);
    println!(
        "\ntest result: {}. {} passed; {failed} failed; {} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        count(Outcome::Passed),
        count(Outcome::Ignored),
        trials.len() - chosen.len(),
        began.elapsed().as_secs_f64(),
    );
    if failed == 0 { ExitCode::SUCCESS } else { FAILED.into() }
}

fn filters(words: &[String]) -> Vec<&str> {
    let mut filters = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            filters.push(word.as_str());
        }
    }
    filters
}

fn all(trials: &[&'static Trial], outfit: &Outfit) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let start = |trial: &&'static Trial| {
            let trial = *trial;
            // What a panic says names the thread.
            let thread = std::thread::Builder::new().name(trial.name.to_owned());
            thread.spawn_scoped(scope, move || one(trial, outfit)).unwrap()
        };
        let running: Vec<_> = trials.iter().map(start).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Outcome::Failed)).collect()
    })
}

fn one(trial: &Trial, outfit: &Outfit) -> Outcome {
    let (outcome, words) = match outfit {
        Outfit::Missing(why) => (Outcome::Ignored, format!("ignored, {why}")),
        Outfit::Missed(why) => (Outcome::Failed, format!("FAILED: {why}")),
        Outfit::There(engine) => {
            let run = std::panic::AssertUnwindSafe(|| (trial.run)(engine));
            match std::panic::catch_unwind(run) {
                Ok(()) => (Outcome::Passed, "ok".to_owned()),
                Err(_) => (Outcome::Failed, "FAILED".to_owned()),
            }
        }
    };
    println!("test {} ... {words}", trial.name);
    outcome
}

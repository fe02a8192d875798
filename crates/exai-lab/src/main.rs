//! `exai` with faults: the same program, and what `EXAI_CRASH_AT` and `EXAI_BUG` ask for.

use std::process::ExitCode;
use std::sync::Arc;

use exai::{AnyStore, Extras, Runtimes};
use exai_lab::bug::{Bug, BuggyStore};
use exai_lab::crash::{CrashAt, CrashStore};
use exai_lab::named::named;
use exai_lab::tools::{Hog, WriteLine};

/// The bug that is no store's.
const ONE_RUNTIME: &str = "heartbeat-on-work";

fn main() -> ExitCode {
    if let (Err(name), _) | (_, Err(name)) = (crash_at(), bug()) {
        eprintln!("exai-lab: no such fault: {name}");
        return ExitCode::from(78);
    }
    let one = variable("EXAI_BUG").is_some_and(|bug| bug == ONE_RUNTIME);
    exai::run(Extras {
        tools: vec![Arc::new(WriteLine), Arc::new(Hog)],
        around_store: Some(faulty),
        runtimes: if one { Runtimes::One } else { Runtimes::Two },
    })
}

/// The store with what was asked for around it.
fn faulty(store: AnyStore) -> AnyStore {
    let store = match bug() {
        Ok(Some(bug)) => Box::new(BuggyStore::new(store, bug)),
        _ => store,
    };
    match crash_at() {
        Ok(Some(at)) => Box::new(CrashStore::new(store, at, die)),
        _ => store,
    }
}

/// As a power loss would, but for what the kernel has.
fn die() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort();
}

fn crash_at() -> Result<Option<CrashAt>, String> {
    variable("EXAI_CRASH_AT").map(|name| named(CrashAt::ALL, &name)).transpose()
}

fn bug() -> Result<Option<Bug>, String> {
    let name = variable("EXAI_BUG").filter(|name| name != ONE_RUNTIME);
    name.map(|name| named(Bug::ALL, &name)).transpose()
}

#[expect(clippy::disallowed_methods, reason = "faults are no settings, and `exai` knows of none")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

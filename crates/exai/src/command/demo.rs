//! `exai demo`.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::exit;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("demo")
        .about("Show it: kill a daemon in the middle of an answer, and what the host sees of that")
        .after_help(
            "Needs no key and no network: the provider is simulated, everything runs in a temporary directory.\n\
             Exit code: 0 if every call was answered once, else 1.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let report = exai_sim::demo::demo(&world.exe, &mut std::io::stdout())?;
    Ok(if report.is_success() { exit::OK } else { exit::NO })
}

//! Soon.
use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::exit;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("demo")
}

/// Runs it.
pub(crate) fn run(_world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    Ok(exit::NO)
}

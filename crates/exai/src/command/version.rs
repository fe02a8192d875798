//! `exai version`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::exit;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("version").about("Print the version")
}

/// Runs it.
pub(crate) fn run(_world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout(), "exai {}", env!("CARGO_PKG_VERSION"))?;
    Ok(exit::OK)
}

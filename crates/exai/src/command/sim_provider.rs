//! `exai sim-provider`: the simulated provider of the demo, as a process of its own.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use exai_sim::provider::{Lifetime, ServeOptions, serve_blocking};

use crate::exit;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("sim-provider").hide(true).about("Simulate a provider on a free port, until stdin ends")
}

/// Runs it.
pub(crate) fn run(_world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    serve_blocking(ServeOptions { port: 0, until: Lifetime::Stdin }, &mut std::io::stdout())?;
    Ok(exit::OK)
}

//! `exai tools [TOOL]`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};

use crate::call::catalogue::{find, list, tools};
use crate::exit;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("tools")
        .about("List the tools, or show what one of them takes")
        .arg(Arg::new("tool").value_name("TOOL").help("Name of the tool"))
        .after_help("Exit code: 0, or 64 if there is no such tool.")
}

/// Runs it.
pub(crate) fn run(_world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let all = tools();
    let Some(name) = matches.get_one::<String>("tool") else {
        std::io::stdout().write_all(list(&all).as_bytes())?;
        return Ok(exit::OK);
    };
    match find(&all, name) {
        Ok(tool) => {
            std::io::stdout().write_all(tool.page().as_bytes())?;
            Ok(exit::OK)
        }
        Err(sentence) => {
            writeln!(std::io::stderr(), "exai tools: {sentence}")?;
            Ok(exit::usage())
        }
    }
}

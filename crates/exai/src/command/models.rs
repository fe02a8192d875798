//! `exai models`: what `exai call listmodels` says, under the name that people look for.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::Map;

use super::call;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("models")
        .about("List the models: what they can do and cost, and which of them end")
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the whole result as JSON"))
        .after_help(
            "Asks the daemon, by the same path as a host, for the tool `listmodels`; no provider is asked.\n\
             Exit code: 0 answered, 1 no daemon answered, 78 wrong settings here or in the daemon that was to be \
             started.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    call::ask(world, "listmodels".to_owned(), Map::new(), matches.get_flag("json"))
}

//! From the command line to a subcommand.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Command;

use crate::command::{ALL, Subcommand, shim};
use crate::exit;
use crate::world::World;

/// Runs what the command line says.
pub(crate) fn run(world: &World) -> ExitCode {
    // What hosts start, by the thousand and for days: it does without the parser, its time and its pages.
    if world.arguments.get(1..).is_some_and(|words| words == ["shim"]) {
        return shim::serve(world);
    }
    let matches = match root().try_get_matches_from(&world.arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Nothing is left to tell where even the usage can't be printed.
            let _ = error.print();
            return if error.use_stderr() { exit::usage() } else { exit::OK };
        }
    };
    let Some((name, matches)) = matches.subcommand() else { return exit::usage() };
    let Some(Subcommand { run, .. }) = ALL.iter().find(|subcommand| (subcommand.words)().get_name() == name)
    else {
        return exit::usage();
    };
    run(world, matches).unwrap_or_else(|error| fail(name, &error))
}

/// Every word of the command line.
pub(crate) fn root() -> Command {
    Command::new("exai")
        .about("AI tools for MCP hosts that never disconnect")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(ALL.iter().map(|subcommand| (subcommand.words)()))
        .after_help("A host starts `exai shim`; everything else is for people and containers.")
}

fn fail(name: &str, error: &anyhow::Error) -> ExitCode {
    let broken_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.downcast_ref().is_some_and(broken_pipe) {
        // The reader of stdout has seen enough (`exai status | head -1`).
        return exit::OK;
    }
    let _ = writeln!(io::stderr(), "exai {name}: {error:#}");
    exit::NO
}

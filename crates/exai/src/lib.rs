//! The program: collects its surroundings and hands them to a subcommand, each in a file of its own. The binary is a line
//! around it, so that a test build can be the same program with tools and faults of its own.

mod call;
mod cli;
mod command;
mod exit;
mod kept;
mod lines;
mod locate;
mod presence;
mod settings_gate;
mod status;
mod world;

use std::process::ExitCode;

use world::World;

pub use exai_daemon::{AnyStore, Extras, Runtimes};

/// Runs the program; `extras` is what is added to the daemon.
pub fn run(extras: Extras) -> ExitCode {
    cli::run(&World::collect(extras))
}

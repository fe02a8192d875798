//! The binary: collects its surroundings and hands them to a subcommand, each in a file of its own.

mod call;
mod cli;
mod command;
mod exit;
mod locate;
mod presence;
mod settings_gate;
mod status;
mod world;

use std::process::ExitCode;

use world::World;

fn main() -> ExitCode {
    cli::run(&World::collect())
}

//! The program: collects its surroundings and hands them to a subcommand, each in a file of its own. The binary is a line
//! around it, so that a test build can be the same program with tools and faults of its own.

mod call;
mod cli;
mod command;
mod exit;
mod kept;
mod locate;
mod presence;
mod settings_gate;
mod status;
mod world;

use std::process::ExitCode;

use exai_names::Resolver;
use world::World;

pub use exai_daemon::{AnyStore, Extras, Runtimes};

/// Whether glibc is a part of this file. It would load modules to resolve a name, and where such a file is used there
/// are none. (musl, which is a part of its programs as a rule, needs none.)
const CARRIES_GLIBC: bool = cfg!(all(target_env = "gnu", target_feature = "crt-static"));

/// Runs the program; `extras` is what is added to the daemon.
pub fn run(extras: Extras) -> ExitCode {
    if CARRIES_GLIBC {
        exai_names::choose(Resolver::Own);
    }
    cli::run(&World::collect(extras))
}

//! The subcommands, one file each: its words, and what it does.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::world::World;

pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod conversations;
pub(crate) mod daemon;
pub(crate) mod demo;
pub(crate) mod health;
pub(crate) mod journal;
pub(crate) mod models;
pub(crate) mod settings;
pub(crate) mod shim;
pub(crate) mod sim_provider;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod tools;
pub(crate) mod version;

/// One subcommand.
pub(crate) struct Subcommand {
    /// Its words.
    pub(crate) words: fn() -> Command,
    /// What it does.
    pub(crate) run: fn(&World, &ArgMatches) -> anyhow::Result<ExitCode>,
}

/// All of them, in the order of the help.
pub(crate) const ALL: [Subcommand; 15] = [
    Subcommand { words: shim::command, run: shim::run },
    Subcommand { words: daemon::command, run: daemon::run },
    Subcommand { words: call::command, run: call::run },
    Subcommand { words: tools::command, run: tools::run },
    Subcommand { words: models::command, run: models::run },
    Subcommand { words: status::command, run: status::run },
    Subcommand { words: health::command, run: health::run },
    Subcommand { words: calls::command, run: calls::run },
    Subcommand { words: conversations::command, run: conversations::run },
    Subcommand { words: journal::command, run: journal::run },
    Subcommand { words: stop::command, run: stop::run },
    Subcommand { words: settings::command, run: settings::run },
    Subcommand { words: demo::command, run: demo::run },
    Subcommand { words: version::command, run: version::run },
    Subcommand { words: sim_provider::command, run: sim_provider::run },
];

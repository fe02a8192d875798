//! `exai daemon`.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Arg, ArgAction, ArgMatches, Command};
use exai_daemon::{DaemonOptions, Mode};
use exai_settings::Start;

use crate::settings_gate::checked;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("daemon")
        .about("Do the work: listen for shims, ask the providers")
        .arg(
            Arg::new("local")
                .long("local")
                .action(ArgAction::SetTrue)
                .help("Started by a shim: a free loopback port, a random token, and an end when idle"),
        )
        .after_help(
            "A `.env` in the working directory is read instead of the user's own. SIGTERM ends it in order.\n\
             Exit code: 0 ended in order, 75 another daemon has the state directory, 78 wrong settings.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let (mode, start) = if matches.get_flag("local") {
        (Mode::Local, Start::ByProgram)
    } else {
        (Mode::ByHand, Start::DaemonByHand)
    };
    let loaded = match checked(world, start)? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    Ok(exai_daemon::run(DaemonOptions {
        effective: loaded.daemon_snapshot(&salt()),
        settings: loaded.settings,
        mode,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        extras: world.extras.clone(),
    }))
}

/// Another one at each start: marks of secrets in the settings that a daemon tells are good for a comparison now, and for
/// nothing later.
fn salt() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", now.as_nanos(), std::process::id())
}

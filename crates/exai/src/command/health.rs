//! `exai health`: the exit code that a container's health check needs.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, Command};
use exai_settings::Start;
use exai_shim::ask::{Request, ask};

use crate::exit;
use crate::locate::locate;
use crate::settings_gate::checked;
use crate::world::World;

/// Longest wait for the daemon. Its io thread does nothing that blocks and answers within milliseconds; container
/// engines give a check 30 s, and run the next one only after this one.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("health")
        .about("Ask the daemon's port whether it takes calls; for a container's health check")
        .after_help("Needs no token, and says nothing about one: `exai call status` does.\nExit code: 0 ready or busy, 1 not, 78 wrong settings.")
}

/// Runs it.
pub(crate) fn run(world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let loaded = match checked(world, Start::ByHand)? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let located = locate(&loaded.settings)?;
    let request = Request { method: "GET", path: "/health/ready", token: None };
    let response = ask(&located.address, request, TIMEOUT)
        .map_err(|error| anyhow::anyhow!("no daemon at {}: {error}", located.address))?;
    writeln!(std::io::stdout(), "{}", response.body.trim_end())?;
    Ok(if response.status == 200 { exit::OK } else { exit::NO })
}

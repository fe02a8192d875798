//! `exai stop`: ends the daemon in order, and returns when it is gone.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{ArgMatches, Command};
use exai_settings::{Secret, Settings, Start};

use crate::ask::{AskError, Request, ask};
use crate::exit;
use crate::locate::{Located, locate};
use crate::settings_gate::checked;
use crate::world::World;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// From the end of the drain's grace until the process must be gone: 1 s to end by its own rule, 2 s of room.
const AFTER_GRACE: Duration = Duration::from_secs(3);

/// Pause between two looks whether it is gone.
const LOOK: Duration = Duration::from_millis(50);

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("stop")
        .about("End the daemon: what runs may finish within the drain's grace, and is kept")
        .after_help("Exit code: 0 gone, or none ran; 1 it still runs or can't be asked; 78 wrong settings.")
}

/// Runs it.
pub(crate) fn run(world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let loaded = match checked(world, Start::ByHand)? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let mut stdout = std::io::stdout();
    let located = match locate(&loaded.settings) {
        Ok(located) => located,
        Err(error) => {
            writeln!(stdout, "{error}")?;
            return Ok(exit::OK);
        }
    };
    let token = located.token.as_ref().map(Secret::expose);
    let request = Request { method: "POST", path: "/stop", token };
    match ask(&located.address, request, TIMEOUT) {
        Ok(response) if response.status < 300 => await_end(&located, &loaded.settings)?,
        Ok(response) => bail!("{} answered {}: {}", located.address, response.status, response.body.trim()),
        Err(AskError::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            writeln!(stdout, "no daemon at {}", located.address)?;
            return Ok(exit::OK);
        }
        Err(error) => bail!("{}: {error}", located.address),
    }
    writeln!(stdout, "stopped the daemon at {}", located.address)?;
    Ok(exit::OK)
}

/// Looks until nothing answers there any more.
#[expect(clippy::disallowed_methods, reason = "this thread has nothing else to do than to look again")]
fn await_end(located: &Located, settings: &Settings) -> anyhow::Result<()> {
    let request = Request { method: "GET", path: "/health/live", token: None };
    let deadline = Instant::now() + settings.daemon.drain_grace + AFTER_GRACE;
    while ask(&located.address, request, TIMEOUT).is_ok() {
        if Instant::now() > deadline {
            bail!("the daemon at {} was told to stop, and still runs", located.address);
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

//! `exai stop`: ends the daemon in order, and returns when it is gone.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{ArgMatches, Command};
use exai_settings::{Loaded, Secret, Settings, Start};
use exai_shim::ask::{Address, AskError, Request, ask};
use exai_shim::endpoint::is_held;

use crate::exit;
use crate::locate::{LocateError, locate};
use crate::presence::{Holder, holds_state_dir};
use crate::settings_gate::{checked_if, warn};
use crate::world::World;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// From the end of the drain's grace until the process must be gone: 1 s to end by its own rule, 2 s of room.
const AFTER_GRACE: Duration = Duration::from_secs(3);

/// An end that takes longer is spoken of.
const QUIET: Duration = Duration::from_millis(500);

/// Pause between two looks whether it is gone.
const LOOK: Duration = Duration::from_millis(50);

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("stop")
        .about("End the daemon: what runs may finish within the drain's grace, and is kept")
        .after_help(
            "Returns when the process has ended, or, of a daemon elsewhere, when it listens no more. A daemon \
             of this machine that does not answer gets SIGTERM, and SIGKILL when the drain's grace is over.\n\
             Exit code: 0 gone, or none ran; 1 it still runs or can't be asked; 78 wrong settings.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let settings = match checked_if(world, Start::ByHand, Loaded::stops_connecting)? {
        Ok(loaded) => {
            warn(&loaded.errors)?;
            loaded.settings
        }
        Err(code) => return Ok(code),
    };
    let located = match locate(&settings) {
        Ok(located) => located,
        Err(LocateError::NoneRuns { .. } | LocateError::NoneCan(_)) => return without_address(&settings),
        Err(error) => bail!("{error}"),
    };
    let (address, token) = (&located.address, located.token.as_ref().map(Secret::expose));
    let held = holds_state_dir(&settings, address);
    let request = Request { method: "POST", path: "/stop", token };
    let began = match ask(address, request, TIMEOUT) {
        Ok(response) if response.status < 300 => "draining",
        // It is past taking wishes, or past listening.
        Ok(response) if response.status == 503 => "still ending",
        Err(AskError::Io(error)) if has_closed(&error) && held == Some(true) => "still ending",
        Ok(response) => bail!("{address} answered {}: {}", response.status, response.body.trim()),
        Err(AskError::Io(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            writeln!(io::stdout(), "no daemon runs at {address}")?;
            return Ok(exit::OK);
        }
        Err(AskError::Io(error)) if is_silent(&error) && held == Some(true) => {
            end_by_signal(&settings, address)?;
            writeln!(io::stdout(), "stopped the daemon at {address}")?;
            return Ok(exit::OK);
        }
        Err(error) => bail!("{address}: {error}"),
    };
    let dir = settings.state.dir.as_deref().filter(|_| held == Some(true));
    await_end(&settings, began, &address.to_string(), &mut || still_there(dir, address))?;
    writeln!(io::stdout(), "stopped the daemon at {address}")?;
    Ok(exit::OK)
}

/// No local daemon has left its address: none runs, or one is just starting or about to be gone.
fn without_address(settings: &Settings) -> anyhow::Result<ExitCode> {
    if let Some(dir) = settings.state.dir.as_deref().filter(|dir| is_held(dir) == Some(true)) {
        let dir_name = dir.display().to_string();
        await_end(settings, "starting or ending", &dir_name, &mut || is_held(dir) == Some(true))?;
    }
    writeln!(io::stdout(), "no daemon runs")?;
    Ok(exit::OK)
}

fn has_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionReset | ConnectionAborted | BrokenPipe)
}

fn is_silent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Our own daemon hangs, and keeps every other one from starting: what a person would do by hand, step by step.
fn end_by_signal(settings: &Settings, address: &Address) -> anyhow::Result<()> {
    let holder = Holder::find(settings, address).filter(Holder::is_certain);
    let Some(holder) = holder else {
        bail!(
            "{address}: no answer in time, and which process holds the state directory can't be told: end it by hand"
        );
    };
    let (pid, dir) = (holder.pid, holder.dir.display());
    let limit = settings.daemon.drain_grace + AFTER_GRACE;
    let seconds = limit.as_secs();
    writeln!(
        io::stderr(),
        "{address} does not answer: SIGTERM to pid {pid}, which holds {dir}; SIGKILL if it runs on for {seconds} s ..."
    )?;
    holder.terminate()?;
    let mut is_there = || is_held(&holder.dir) == Some(true);
    if is_gone_within(limit, &mut is_there) {
        return Ok(());
    }
    if Holder::find(settings, address).as_ref() != Some(&holder) || !holder.is_certain() {
        bail!("pid {pid} has gone, and another daemon holds {dir} by now");
    }
    holder.kill()?;
    writeln!(io::stderr(), "pid {pid} ran on: SIGKILL; its journal keeps the calls that it had accepted")?;
    if is_gone_within(AFTER_GRACE, &mut is_there) {
        return Ok(());
    }
    bail!("pid {pid} was killed, and still holds {dir}")
}

#[expect(clippy::disallowed_methods, reason = "this thread has nothing else to do than to look again")]
fn is_gone_within(limit: Duration, is_there: &mut dyn FnMut() -> bool) -> bool {
    let start = Instant::now();
    while is_there() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    true
}

/// The lock goes with the process; a daemon elsewhere is known by its port alone.
fn still_there(dir: Option<&Path>, address: &Address) -> bool {
    let request = Request { method: "GET", path: "/health/live", token: None };
    match dir {
        Some(dir) => is_held(dir) == Some(true),
        None => ask(address, request, TIMEOUT).is_ok(),
    }
}

/// Looks until it is gone, and says why that takes a while.
#[expect(clippy::disallowed_methods, reason = "this thread has nothing else to do than to look again")]
fn await_end(
    settings: &Settings,
    began: &str,
    what: &str,
    is_there: &mut dyn FnMut() -> bool,
) -> anyhow::Result<()> {
    let grace = settings.daemon.drain_grace;
    let start = Instant::now();
    let mut quiet = true;
    while is_there() {
        let waited = start.elapsed();
        if waited > grace + AFTER_GRACE {
            bail!("the daemon ({what}) was told to stop, and still runs");
        }
        if quiet && waited > QUIET {
            quiet = false;
            let seconds = grace.as_secs();
            writeln!(io::stderr(), "{began}: what runs has {seconds} s to finish (EXAI_DRAIN_GRACE) ...")?;
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

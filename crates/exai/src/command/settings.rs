//! `exai settings`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, Command};
use exai_settings::{Secret, Settings, Start, Target, render};
use exai_shim::ask::{Request, ask};

use crate::locate::locate;
use crate::settings_gate;
use crate::world::World;

/// Longest wait for the daemon, which is asked for its own values.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("settings")
        .about("Show every setting: value, origin, unit, meaning, and where the running daemon differs")
        .after_help("Secrets are not shown. Exit code: 0, or 78 if a setting is wrong.")
}

/// Runs it.
pub(crate) fn run(world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let loaded = world.settings(Start::ByHand);
    let running = of_daemon(&loaded.settings);
    let table = render(loaded.explain(), running.as_ref().ok());
    std::io::stdout().write_all(table.as_bytes())?;
    writeln!(std::io::stdout(), "\n{}", in_use(&loaded.settings))?;
    if let Some((path, error)) = unreadable_catalogue(&loaded.settings) {
        let path = path.display();
        writeln!(std::io::stderr(), "warning: EXAI_MODELS_FILE: {path}: {error}; no daemon starts with it")?;
    }
    if let Err(why) = running {
        writeln!(std::io::stderr(), "no running daemon to compare with: {why}")?;
    }
    Ok(settings_gate::tell(&loaded)?)
}

/// The address, which is not always that of `EXAI_WS_HOST` and `EXAI_WS_PORT`, and whether a file was read.
fn in_use(settings: &Settings) -> String {
    let address = match (settings.connection.target(), locate(settings)) {
        (Target::Local, Ok(located)) => format!("{} (local: a free port)", located.address),
        (Target::Local, Err(_)) => "local, on a free port; EXAI_WS_PORT is not used".to_owned(),
        (Target::Url(url), _) => url,
    };
    let file = match &settings.state.env_file {
        Some(path) => format!("{}, read", path.display()),
        None => "none was found".to_owned(),
    };
    format!("address in use: {address}\nenv file: {file}")
}

/// The model catalogue that was named, if a daemon could not read it.
fn unreadable_catalogue(settings: &Settings) -> Option<(&Path, std::io::Error)> {
    let path = settings.models.catalogue_file.as_deref()?;
    std::fs::read_to_string(path).err().map(|error| (path, error))
}

/// What the running daemon has in force, without secrets.
fn of_daemon(settings: &Settings) -> Result<BTreeMap<String, String>, String> {
    let located = locate(settings).map_err(|error| error.to_string())?;
    let request =
        Request { method: "GET", path: "/settings", token: located.token.as_ref().map(Secret::expose) };
    let response =
        ask(&located.address, request, TIMEOUT).map_err(|error| format!("{}: {error}", located.address))?;
    if response.status != 200 {
        return Err(format!("{} answered {}: {}", located.address, response.status, response.body.trim()));
    }
    serde_json::from_str(&response.body).map_err(|error| format!("{}: {error}", located.address))
}

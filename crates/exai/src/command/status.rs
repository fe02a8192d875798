//! `exai status`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use exai_settings::{Settings, Start};
use serde_json::json;

use crate::exit;
use crate::settings_gate::checked;
use crate::status::{Report, Source, page, report};
use crate::world::World;

/// Pause between two reports; the daemon measures itself as often.
const WATCH: Duration = Duration::from_secs(2);

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::new("status")
        .about("Show what the daemon says of itself, or what its health file last said")
        .arg(flag("json").help("Print one line of JSON instead"))
        .arg(flag("watch").help("Go on every 2 seconds, until Ctrl-C"))
        .after_help(
            "Exit code: 0 ready or busy; 1 starting, stalled, draining or stopped; 3 not running, unreachable, or \
             the token was refused; 4 it does not answer, but its health file is younger than \
             HEALTH_FILE_MAX_AGE, of that address, and its process runs; 78 wrong settings.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let loaded = match checked(world, Start::ByHand)? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let form = if matches.get_flag("json") { Form::Json } else { Form::Page };
    if !matches.get_flag("watch") {
        return show(&loaded.settings, form);
    }
    let clears = matches!(form, Form::Page) && std::io::stdout().is_terminal();
    loop {
        if clears {
            write!(std::io::stdout(), "\x1b[H\x1b[J")?;
        }
        show(&loaded.settings, form)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "this thread has nothing else to do than to look again"
        )]
        std::thread::sleep(WATCH);
    }
}

/// How a report is printed.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// For people.
    Page,
    /// For programs, a line each.
    Json,
}

fn show(settings: &Settings, form: Form) -> anyhow::Result<ExitCode> {
    let mut stdout = std::io::stdout().lock();
    let report = report(settings);
    match (&report, form) {
        (Ok(report), Form::Page) => stdout.write_all(page(report).as_bytes())?,
        (Ok(report), Form::Json) => writeln!(stdout, "{}", report.json())?,
        (Err(nothing), Form::Page) => {
            writeln!(stdout, "{}", nothing.daemon)?;
            if let Some(file) = &nothing.file {
                writeln!(stdout, "{file}")?;
            }
        }
        (Err(nothing), Form::Json) => {
            writeln!(
                stdout,
                "{}",
                json!({"source": null, "unreachable": nothing.daemon, "health_file": nothing.file})
            )?;
        }
    }
    Ok(match report {
        Ok(Report { source: Source::HealthFile { .. }, .. }) => exit::silent(),
        Ok(report) if report.is_ready() => exit::OK,
        Ok(_) => exit::NO,
        Err(_) => exit::not_running(),
    })
}

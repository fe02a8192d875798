//! `exai conversations`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use exai_settings::{Settings, Start};
use serde_json::Value;

use crate::exit;
use crate::kept::{Failed, Source, Turn, bytes, conversation_list, markdown, pages};
use crate::settings_gate::checked;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    let json =
        || Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one line of JSON instead");
    let id = || Arg::new("id").value_name("ID").help("The conversation's id, or its first 6 digits or more");
    let format = Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(PossibleValuesParser::new(["json", "markdown"]))
        .default_value("json")
        .help("json holds everything; markdown names files without their text");
    Command::new("conversations")
        .about("List, show, delete and export the conversations that `chat` can go on with")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("List them, the newest first").arg(json()))
        .subcommand(Command::new("show").about("Print one, a turn after the other").arg(id().required(true)).arg(json()))
        .subcommand(Command::new("delete").about("Delete one for good").arg(id().required(true)))
        .subcommand(Command::new("export").about("Write one, or all, to stdout").arg(id()).arg(format))
        .after_help(
            "Asks the daemon; where none runs, reads the journal that the last one left in the state directory. \
             EXAI_CONVERSATIONS_KEEP and EXAI_CONVERSATIONS_MAX say when conversations are deleted by themselves.\n\
             Exit code: 0; 1 there is no such conversation; 3 no daemon can be asked; 75 the state directory is a \
             daemon's that does not answer; 78 wrong settings.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let settings = match checked(world, Start::ByHand)? {
        Ok(loaded) => loaded.settings,
        Err(code) => return Ok(code),
    };
    let done = match matches.subcommand() {
        Some(("list", matches)) => list(&settings, matches),
        Some(("show", matches)) => show(&settings, matches),
        Some(("delete", matches)) => delete(&settings, matches),
        Some(("export", matches)) => export(&settings, matches),
        _ => return Ok(exit::usage()),
    };
    match done {
        Ok(()) => Ok(exit::OK),
        Err(Trouble::Failed(failed)) => {
            writeln!(io::stderr(), "exai conversations: {failed}")?;
            Ok(failed.exit_code())
        }
        Err(Trouble::Output(error)) => Err(error.into()),
    }
}

/// What goes wrong.
enum Trouble {
    Failed(Failed),
    Output(io::Error),
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn id(matches: &ArgMatches) -> Option<&str> {
    matches.get_one::<String>("id").map(String::as_str)
}

fn list(settings: &Settings, matches: &ArgMatches) -> Result<(), Trouble> {
    let source = Source::find(settings)?;
    let told = source.conversations()?;
    if matches.get_flag("json") {
        return Ok(writeln!(io::stdout(), "{told}")?);
    }
    if let Some(remark) = source.remark() {
        writeln!(io::stderr(), "{remark}")?;
    }
    Ok(io::stdout().write_all(conversation_list(&told).as_bytes())?)
}

fn show(settings: &Settings, matches: &ArgMatches) -> Result<(), Trouble> {
    let (source, id) = (Source::find(settings)?, id(matches).unwrap_or_default());
    if !matches.get_flag("json") {
        return write_markdown(&source, id);
    }
    write_json(&source, id)?;
    Ok(writeln!(io::stdout())?)
}

fn delete(settings: &Settings, matches: &ArgMatches) -> Result<(), Trouble> {
    let source = Source::find(settings)?;
    let told = source.delete_conversation(settings, id(matches).unwrap_or_default())?;
    let number = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or_default();
    let name = told.get("id").and_then(Value::as_str).unwrap_or_default();
    let (turns, size) = (number("turns"), bytes(number("bytes")));
    let plural = if turns == 1 { "" } else { "s" };
    Ok(writeln!(io::stdout(), "deleted conversation {name}: {turns} turn{plural}, {size}")?)
}

fn export(settings: &Settings, matches: &ArgMatches) -> Result<(), Trouble> {
    let source = Source::find(settings)?;
    let ids = match id(matches) {
        Some(id) => {
            // Before anything is written: a file of which only the beginning is there looks like one that is whole.
            source.conversation(id, u64::MAX)?;
            vec![id.to_owned()]
        }
        None => all(&source)?,
    };
    if matches.get_one::<String>("format").is_some_and(|format| format == "markdown") {
        return ids.iter().try_for_each(|id| write_markdown(&source, id));
    }
    // Written as it comes: all of them may be more than fits into memory twice.
    write!(io::stdout(), "{{\"conversations\":[")?;
    for (place, id) in ids.iter().enumerate() {
        write!(io::stdout(), "{}", if place == 0 { "\n" } else { ",\n" })?;
        write_json(&source, id)?;
    }
    Ok(writeln!(io::stdout(), "\n]}}")?)
}

fn all(source: &Source) -> Result<Vec<String>, Trouble> {
    let told = source.conversations()?;
    let listed = told.get("conversations").and_then(Value::as_array);
    let ids = listed.into_iter().flatten().filter_map(|one| Some(one.get("id")?.as_str()?.to_owned()));
    if let Some(left_out @ 1..) = told.get("left_out").and_then(Value::as_u64) {
        writeln!(io::stderr(), "exai conversations: {left_out} older ones are left out")?;
    }
    Ok(ids.collect())
}

fn write_json(source: &Source, id: &str) -> Result<(), Trouble> {
    let mut first = true;
    pages(source, id, |id, turns| {
        let mut stdout = io::stdout().lock();
        if first {
            write!(stdout, "{{\"id\":\"{id}\",\"turns\":[")?;
        }
        for turn in turns {
            write!(stdout, "{}{turn}", if first { "\n" } else { ",\n" })?;
            first = false;
        }
        Ok::<_, Trouble>(())
    })?;
    Ok(write!(io::stdout(), "]}}")?)
}

fn write_markdown(source: &Source, id: &str) -> Result<(), Trouble> {
    let mut first = true;
    pages(source, id, |id, turns| {
        let mut stdout = io::stdout().lock();
        if std::mem::take(&mut first) {
            writeln!(stdout, "# Conversation {id}\n")?;
        }
        turns.iter().try_for_each(|turn| writeln!(stdout, "{}", markdown(Turn(turn))))?;
        Ok::<_, Trouble>(())
    })
}

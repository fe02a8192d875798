//! `exai journal`: what a person does with the file that calls, answers and conversations are kept in.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use exai_daemon::{LockError, StateLock};
use exai_journal_sqlite::{Calls, Fault, OpenError, Report, check, compact, repair};
use exai_settings::Start;

use crate::exit;
use crate::kept::bytes;
use crate::lines::Lines;
use crate::settings_gate::checked;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("journal")
        .about("Check, repair and compact the journal: calls, answers and conversations on the disk")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("check").about("Read all of it and say what is wrong; a daemon may be at work on it"))
        .subcommand(
            Command::new("repair")
                .about("Save what can be read of a damaged one into a new one, and keep the old file beside it"),
        )
        .subcommand(Command::new("compact").about("Write it anew, as small as it can be"))
        .after_help(
            "Works on `journal.db` in the state directory (EXAI_STATE_DIR) of this machine. To repair and to compact, no \
             daemon may be at work on it: `exai stop` ends it, and the next call starts one again.\n\
             Exit code: 0 sound, or done; 1 something is wrong with it, or it can't be read or written; 75 a daemon has \
             the state directory; 78 wrong settings.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let loaded = match checked(world, Start::ByHand)? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let Some(dir) = loaded.settings.state.dir else {
        writeln!(io::stderr(), "exai journal: no state directory is known: set EXAI_STATE_DIR")?;
        return Ok(exit::config());
    };
    let done = match matches.subcommand_name() {
        Some("check") => check_it(&dir),
        Some("repair") => repair_it(&dir),
        Some("compact") => compact_it(&dir),
        _ => return Ok(exit::usage()),
    };
    match done {
        Ok(done) => {
            io::stdout().write_all(done.page.as_bytes())?;
            Ok(if done.sound { exit::OK } else { exit::NO })
        }
        Err(Trouble::Taken(sentence)) => {
            writeln!(io::stderr(), "exai journal: {sentence}")?;
            Ok(exit::taken())
        }
        Err(Trouble::No(sentence)) => {
            writeln!(io::stderr(), "exai journal: {sentence}")?;
            Ok(exit::NO)
        }
    }
}

/// What is to be said.
struct Done {
    page: String,
    sound: bool,
}

/// Why nothing was done.
enum Trouble {
    Taken(String),
    No(String),
}

impl From<OpenError> for Trouble {
    fn from(error: OpenError) -> Self {
        Self::No(error.to_string())
    }
}

/// Holds the state directory as a daemon would.
fn hold(dir: &Path) -> Result<StateLock, Trouble> {
    if !dir.is_dir() {
        // The lock would say the same in other words.
        check(dir)?;
    }
    StateLock::take(dir).map_err(|error| match error {
        LockError::Held { .. } => Trouble::Taken(format!(
            "a daemon is at work on {}: end it with `exai stop`, then say this again",
            dir.display()
        )),
        LockError::Io { .. } => Trouble::No(error.to_string()),
    })
}

fn check_it(dir: &Path) -> Result<Done, Trouble> {
    let report = check(dir)?;
    let sound = report.problems.is_empty();
    let mut page = holds(&report, sound);
    page.push_str(&told("problem", &report.problems));
    page.push_str(if sound {
        "sound\n"
    } else {
        "damaged: `exai stop`, then `exai journal repair` saves what can be read into a new one\n"
    });
    Ok(Done { page, sound })
}

fn repair_it(dir: &Path) -> Result<Done, Trouble> {
    let _lock = hold(dir)?;
    match check(dir) {
        Ok(report) if report.problems.is_empty() => {
            return Ok(Done { page: "sound: there is nothing to repair\n".to_owned(), sound: true });
        }
        Err(error) if error.fault == Fault::Missing => return Err(error.into()),
        Ok(_) | Err(_) => {}
    }
    let repaired = repair(dir)?;
    let lost = told("lost", &repaired.report.problems);
    let lost = if lost.is_empty() { "lost      nothing\n".to_owned() } else { lost };
    let (saved, old) = (holds(&repaired.report, true), repaired.kept.display());
    let outcome = match repaired.report.records + repaired.report.turns {
        0 => "nothing could be saved, and what is there now is a new, empty journal",
        _ => "repaired",
    };
    let page = format!(
        "{lost}{saved}old file  {old}\n\
         {outcome}: the next call starts a daemon, or `exai daemon` does. Delete the old file once you miss nothing.\n"
    );
    Ok(Done { page, sound: true })
}

fn compact_it(dir: &Path) -> Result<Done, Trouble> {
    let _lock = hold(dir)?;
    let found = check_it(dir)?;
    if !found.sound {
        return Ok(found);
    }
    let sizes = compact(dir)?;
    let page = format!("compacted: {} before, {} now\n", bytes(sizes.before), bytes(sizes.after));
    Ok(Done { page, sound: true })
}

/// What is in it. Where nothing was found in a damaged one, it could not be read, which is not the same as that nothing is
/// there.
fn holds(report: &Report, sound: bool) -> String {
    let (size, records) = (bytes(report.bytes), report.records);
    let Calls { accepted, started, ended, acked, buried } = report.calls;
    let calls = match records {
        0 if !sound => "not readable".to_owned(),
        _ => format!(
            "{records} records: {accepted} accepted, {started} begun, {ended} kept, {acked} delivered, {buried} buried"
        ),
    };
    let talks = match report.turns {
        0 if !sound => "not readable".to_owned(),
        turns => format!("{} conversations, {turns} turns", report.conversations),
    };
    let memos = match report.memos {
        0 if !sound => "not readable".to_owned(),
        memos => memos.to_string(),
    };
    format!("size      {size}\ncalls     {calls}\ntalks     {talks}\nmemos     {memos}\n")
}

fn told(label: &str, sentences: &[String]) -> String {
    let mut lines = Lines::default();
    sentences.iter().for_each(|sentence| lines.add(label, sentence));
    lines.text
}

//! `exai calls`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use exai_session::CallState;
use exai_settings::{Settings, Start};
use serde_json::{Value, json};

use crate::exit;
use crate::kept::{Failed, Source, call_list, sheet};
use crate::settings_gate::checked;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    let json =
        || Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one line of JSON instead");
    let states = CallState::ALL.map(CallState::word);
    Command::new("calls")
        .about("List the calls that are kept: in flight, waiting to be fetched, delivered")
        .arg(json())
        .arg(
            Arg::new("state")
                .long("state")
                .value_name("STATE")
                .action(ArgAction::Append)
                .value_parser(PossibleValuesParser::new(states))
                .help("Only calls in this state; may be repeated. Without it, all but `buried`"),
        )
        .subcommand(
            Command::new("show")
                .about("Show all that is known of one call, and its answer as long as that is kept")
                .arg(
                    Arg::new("key")
                        .value_name("KEY")
                        .required(true)
                        .help("Key of the call, or its first 6 digits or more"),
                )
                .arg(json()),
        )
        .args_conflicts_with_subcommands(true)
        .after_help(
            "States: accepting, on its way to the journal; parked, waiting for somebody to come for it; running; following, \
             gets the answer of the same question asked before; ending; kept, ended and not fetched yet, or fetched by the same \
             question asked again; delivered; buried, only its key is left. A call that is kept or delivered and that its \
             host took back is shown as cancelled.\n\
             Attempts are requests that may have been billed: one that was refused and made again is no further attempt.\n\
             Asks the daemon; where none runs, reads the journal that the last one left in the state directory. The cost \
             is that of the tokens which the provider counted, at the prices of the model catalogue: `-` where either is \
             not known, `>=` where more requests may have been billed than have told.\n\
             Exit code: 0; 1 there is no such call; 3 no daemon can be asked; 78 wrong settings.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let settings = match checked(world, Start::ByHand)? {
        Ok(loaded) => loaded.settings,
        Err(code) => return Ok(code),
    };
    let (told, page): (_, fn(&Value) -> String) = match matches.subcommand() {
        Some((_, matches)) => (one(&settings, matches), sheet),
        None => (all(&settings, matches), call_list),
    };
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    let (source, told) = match told {
        Ok(told) => told,
        Err(failed) => {
            writeln!(std::io::stderr(), "exai calls: {failed}")?;
            return Ok(failed.exit_code());
        }
    };
    if matches.get_flag("json") {
        writeln!(std::io::stdout(), "{}", with_source(source.word(), told))?;
    } else {
        if let Some(remark) = source.remark() {
            writeln!(std::io::stderr(), "{remark}")?;
        }
        std::io::stdout().write_all(page(&told).as_bytes())?;
    }
    Ok(exit::OK)
}

fn all(settings: &Settings, matches: &ArgMatches) -> Result<(Source, Value), Failed> {
    let source = Source::find(settings)?;
    let named: Vec<&String> = matches.get_many::<String>("state").into_iter().flatten().collect();
    let is_wanted = |state: &CallState| match named.as_slice() {
        [] => *state != CallState::Buried,
        named => named.iter().any(|name| *name == state.word()),
    };
    let states: Vec<CallState> = CallState::ALL.into_iter().filter(is_wanted).collect();
    let told = source.calls(&states)?;
    Ok((source, told))
}

fn one(settings: &Settings, matches: &ArgMatches) -> Result<(Source, Value), Failed> {
    let source = Source::find(settings)?;
    let key = matches.get_one::<String>("key").map(String::as_str).unwrap_or_default();
    let told = source.call(key)?;
    Ok((source, told))
}

fn with_source(word: &str, mut told: Value) -> Value {
    if let Value::Object(fields) = &mut told {
        fields.insert("source".to_owned(), json!(word));
    }
    told
}

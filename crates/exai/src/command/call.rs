//! `exai call TOOL [key=value...]`: starts a shim of its own, as a host would, and makes one call through it.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::pin::pin;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};
use exai_settings::{Loaded, Start};
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::call::dialogue::{self, Dialogue, Heard};
use crate::call::{arguments, catalogue};
use crate::exit;
use crate::settings_gate::{checked_if, warn};
use crate::world::World;

/// How long a shim may take to go after the end of its stdin: twenty times what it promises.
const GOING: Duration = Duration::from_secs(2);

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("call")
        .about("Call a tool from the terminal, by the same path as a host")
        .disable_help_flag(true)
        .arg(Arg::new("tool").value_name("TOOL").help("Name of the tool; `exai tools` lists them"))
        .arg(
            Arg::new("argument")
                .value_name("KEY=VALUE")
                .action(ArgAction::Append)
                .help("key=text, key:=json, key=@path for the text of a file (@- is standard input)"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the whole result as JSON"))
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::SetTrue)
                .help("Print this, or what the named tool takes"),
        )
        .after_help(
            "Examples:\n  exai call chat prompt='Why is the sky blue?' temperature:=0.2\n  \
             git diff | exai call chat prompt=@- system='Review this change'\n\n\
             The answer goes to stdout, progress to stderr. Ctrl-C cancels the call. While no daemon answers, a \
             call waits for EXAI_HOLD.\n\
             Exit code: 0 answered, 1 the tool failed or no daemon answered, 64 wrong use, 78 wrong settings here \
             or in the daemon that was to be started, 130 cancelled.",
        )
}

/// Runs it.
pub(crate) fn run(world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let tools = catalogue::tools();
    let named = matches.get_one::<String>("tool");
    let tool = match named.map(|name| catalogue::find(&tools, name)) {
        Some(Ok(tool)) => tool,
        Some(Err(sentence)) => return wrong_use(&sentence),
        None if matches.get_flag("help") => {
            write!(std::io::stdout(), "{}", command().bin_name("exai call").render_help())?;
            return Ok(exit::OK);
        }
        None => return wrong_use(&format!("which tool?\n{}", catalogue::list(&tools).trim_end())),
    };
    if matches.get_flag("help") {
        std::io::stdout().write_all(tool.page().as_bytes())?;
        return Ok(exit::OK);
    }
    let words = matches.get_many::<String>("argument").into_iter().flatten().map(String::as_str);
    let arguments = match arguments::parse(words, &mut read_text) {
        Ok(arguments) => arguments,
        Err(error) => return wrong_use(&error.to_string()),
    };
    if let Some(sentence) = tool.complaint(&arguments) {
        return wrong_use(&sentence);
    }
    ask(world, tool.name.clone(), arguments, matches.get_flag("json"))
}

/// Calls a tool through a shim of its own, and prints what came: its text, or the `whole` result as JSON.
pub(super) fn ask(
    world: &World,
    tool: String,
    arguments: Map<String, Value>,
    whole: bool,
) -> anyhow::Result<ExitCode> {
    // A program names it in full; a person may name it from where he is.
    let env_file = world.env_file_in_full();
    let in_full = env_file.as_deref().map(|path| world.with_env_file(path));
    // As the shim reads them; it would answer the call with the errors.
    let read = checked_if(in_full.as_ref().unwrap_or(world), Start::ByProgram, Loaded::stops_shim)?;
    let errors = match read {
        Ok(loaded) => loaded.errors,
        Err(code) => return Ok(code),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // What is wrong is told once: by the result, where it is why there is no answer, else by us.
        let stderr = if errors.is_empty() { Stdio::inherit() } else { Stdio::null() };
        let mut shim = Shim::start(&world.exe, env_file.as_deref(), stderr).await?;
        let end = shim.converse(&Dialogue::new(tool, arguments)).await;
        let told = if let Ok(End::Result(result)) = &end { dialogue::text_of(result) } else { String::new() };
        warn(errors.iter().filter(|error| !told.contains(&error.to_string())))?;
        let end = end?;
        shim.stop().await?;
        report(&end, whole)
    })
}

fn wrong_use(sentence: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "exai call: {sentence}")?;
    Ok(exit::usage())
}

fn read_text(path: &str) -> std::io::Result<String> {
    if path == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) }
}

/// How the call ended.
enum End {
    Result(Value),
    Refused(String),
    Cancelled,
}

fn report(end: &End, whole: bool) -> anyhow::Result<ExitCode> {
    let mut stdout = std::io::stdout().lock();
    match end {
        End::Result(result) => {
            let text = if whole { format!("{result}\n") } else { dialogue::text_of(result) };
            stdout.write_all(text.as_bytes())?;
            Ok(match dialogue::cause(result) {
                Some("settings") => exit::config(),
                Some(_) => exit::NO,
                None if dialogue::is_failure(result) => exit::NO,
                None => exit::OK,
            })
        }
        End::Refused(message) => {
            writeln!(std::io::stderr(), "exai call: {message}")?;
            Ok(exit::NO)
        }
        End::Cancelled => {
            writeln!(
                std::io::stderr(),
                "cancelled; `exai calls` tells what was asked, and what became of it"
            )?;
            Ok(exit::interrupted())
        }
    }
}

/// The shim of this call.
struct Shim {
    process: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Shim {
    async fn start(exe: &Path, env_file: Option<&Path>, stderr: Stdio) -> anyhow::Result<Self> {
        let mut command = tokio::process::Command::new(exe);
        if let Some(path) = env_file {
            command.env("ENV_FILE", path);
        }
        command.arg("shim").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).kill_on_drop(true);
        // A group of its own: Ctrl-C must reach this process only, which turns it into a cancel.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn().with_context(|| format!("can't start {}", exe.display()))?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("the shim has no stdin or stdout");
        };
        Ok(Self { process, stdin, lines: BufReader::new(stdout).lines() })
    }

    /// From the handshake to the answer, or to the point where a cancel has been read.
    async fn converse(&mut self, dialogue: &Dialogue) -> anyhow::Result<End> {
        let mut progress = Progress::new();
        let mut cancelled = false;
        let mut interrupt = pin!(tokio::signal::ctrl_c());
        self.say(&[dialogue.open()]).await?;
        loop {
            let line = tokio::select! {
                line = self.lines.next_line() => line?,
                interrupted = &mut interrupt => {
                    interrupted?;
                    if cancelled {
                        // Again: the shim does not seem to read.
                        return Ok(End::Cancelled);
                    }
                    cancelled = true;
                    interrupt.set(tokio::signal::ctrl_c());
                    self.say(&dialogue.cancel()).await?;
                    continue;
                }
            };
            let Some(line) = line else {
                bail!("the shim ended without an answer: {}", self.process.wait().await?)
            };
            match dialogue.hear(&line) {
                Heard::Say(lines) => self.say(&lines).await?,
                Heard::Progress { text, since } => progress.show(&format!("{} s: {text}", since.as_secs())),
                Heard::Result(result) => return Ok(End::Result(result)),
                Heard::Refused(message) => return Ok(End::Refused(message)),
                Heard::Pong => return Ok(End::Cancelled),
                Heard::Other => {}
            }
        }
    }

    async fn say(&mut self, lines: &[Value]) -> anyhow::Result<()> {
        for line in lines {
            self.stdin.write_all(format!("{line}\n").as_bytes()).await?;
        }
        Ok(self.stdin.flush().await?)
    }

    /// End of stdin: the shim goes by itself.
    async fn stop(self) -> anyhow::Result<()> {
        let Self { mut process, stdin, lines: _open } = self;
        drop(stdin);
        if tokio::time::timeout(GOING, process.wait()).await.is_err() {
            process.kill().await?;
        }
        Ok(())
    }
}

/// The progress line on stderr: one that is written over on a terminal, else one line each.
struct Progress {
    on_terminal: bool,
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { on_terminal: std::io::stderr().is_terminal(), shown: false }
    }

    fn show(&mut self, text: &str) {
        self.shown = true;
        // A closed stderr is no reason to lose the answer.
        let _ = if self.on_terminal {
            write!(std::io::stderr(), "\r\x1b[K{text}")
        } else {
            writeln!(std::io::stderr(), "{text}")
        };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown && self.on_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

//! `exai shim`: what a host starts.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use exai_settings::Start;
use exai_shim::{Catalogue, Reload, ShimOptions};
use exai_tools::{CustomTool, catalogue_with};

use crate::world::World;

/// What the model is told about the tools as a whole.
const INSTRUCTIONS: &str = "Tools that ask other AI models. `chat` answers a question or reviews text and files; \
    `listmodels` tells which models there are. A call may take minutes and survives restarts of the server: \
    wait for its answer instead of asking again.";

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    Command::new("shim").about("Serve MCP on stdin and stdout; this is what a host starts").after_help(
        "Lives as long as its stdin, whatever happens to the daemon. Logs go to a file in the state directory.",
    )
}

/// Runs it.
pub(crate) fn run(world: &World, _matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    Ok(serve(world))
}

/// Serves until the host is gone.
pub(crate) fn serve(world: &World) -> ExitCode {
    let custom: Vec<&dyn CustomTool> = world.extras.tools.iter().map(AsRef::as_ref).collect();
    let (tools, hash) = catalogue_with(&custom);
    exai_shim::run(ShimOptions {
        loaded: world.settings(Start::ByProgram),
        reload: Some(Reload(world.reloader(Start::ByProgram))),
        catalogue: Catalogue { tools, hash, files: exai_tools::files_params().into_iter().collect() },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instructions: INSTRUCTIONS.to_owned(),
        exe: Some(world.exe.clone()),
        home: world.home.clone(),
        cwd: world.working_dir.clone(),
    })
}

//! `exai sim-provider`: the simulated provider of the demo, as a process of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use exai_sim::provider::{Lifetime, ServeOptions, serve_blocking};

use crate::exit;
use crate::world::World;

/// The words of this subcommand.
pub(crate) fn command() -> Command {
    let listen = Arg::new("listen").long("listen").value_name("ADDRESS:PORT");
    Command::new("sim-provider")
        .hide(true)
        .about("Simulate a provider on a free port, until stdin ends")
        .arg(listen.value_parser(value_parser!(SocketAddr)).help("Listen there, until a signal ends it"))
}

/// Runs it.
pub(crate) fn run(_world: &World, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let options = match matches.get_one::<SocketAddr>("listen") {
        Some(listen) => ServeOptions { listen: *listen, until: Lifetime::Signal },
        None => ServeOptions { listen: (Ipv4Addr::LOCALHOST, 0).into(), until: Lifetime::Stdin },
    };
    serve_blocking(options, &mut std::io::stdout())?;
    Ok(exit::OK)
}

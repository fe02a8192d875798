//! The test world as processes: `exai-sim provider`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use exai_sim::provider::{Lifetime, ServeOptions, serve_blocking};

const USAGE: &str = "usage: exai-sim provider [--port PORT] [--until-stdin-closes]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("exai-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    match arguments.split_first() {
        Some((command, rest)) if command == "provider" => provider(rest),
        // The floor of the benchmark, and the server of this crate's own tests.
        Some((command, [])) if command == "floor" => {
            Ok(exai_sim::bench::floor().map(|()| ExitCode::SUCCESS)?)
        }
        _ => bail!("{USAGE}"),
    }
}

fn provider(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let mut options = ServeOptions { port: 0, until: Lifetime::Signal };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => {
                options.port = words.next().context(USAGE)?.parse().context("--port takes a number")?
            }
            "--until-stdin-closes" => options.until = Lifetime::Stdin,
            _ => bail!("{USAGE}"),
        }
    }
    serve_blocking(options, &mut std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}

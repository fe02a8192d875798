//! The test world as processes: `exai-sim provider`, `exai-sim bench`.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use exai_sim::provider::{Lifetime, ServeOptions, serve_blocking};

const USAGE: &str = "usage:
  exai-sim provider [--port PORT] [--until-stdin-closes]   a simulated provider; prints its URL
  exai-sim bench [--exe PATH] [--only WORD]                measures exai (built first, unless given), prints a table
  exai-sim demo --exe PATH                                 what `exai demo` does";

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
        // The same for a way through two processes.
        Some((command, [address])) if command == "near" => {
            exai_sim::bench::near(address.parse()?).map(|()| ExitCode::SUCCESS)
        }
        Some((command, [provider, prompt])) if command == "far" => {
            exai_sim::bench::far(provider.parse()?, prompt).map(|()| ExitCode::SUCCESS)
        }
        Some((command, rest)) if command == "bench" => bench(rest),
        Some((command, rest)) if command == "demo" => demo(rest),
        _ => bail!("{USAGE}"),
    }
}

fn bench(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let this = std::env::current_exe()?;
    let (mut exe, mut only) = (None, "");
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--exe" => exe = Some(PathBuf::from(words.next().context(USAGE)?)),
            "--only" => only = words.next().context(USAGE)?,
            _ => bail!("{USAGE}"),
        }
    }
    let exe = exe.map_or_else(|| build_beside(&this), Ok)?;
    exai_sim::bench::bench(&exe, &this, only, &mut std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}

fn demo(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let [flag, exe] = arguments else { bail!("{USAGE}") };
    if flag != "--exe" {
        bail!("{USAGE}");
    }
    let report = exai_sim::demo::demo(Path::new(exe), &mut std::io::stdout())?;
    Ok(if report.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds `exai` as this program was built, so that it stands beside it.
fn build_beside(this: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.args(["build", "-p", "exai", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !cargo.status().context("can't run cargo; name a binary with --exe")?.success() {
        bail!("exai does not build");
    }
    Ok(this.with_file_name(format!("exai{}", std::env::consts::EXE_SUFFIX)))
}

fn provider(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let mut options = ServeOptions { listen: (Ipv4Addr::LOCALHOST, 0).into(), until: Lifetime::Signal };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => {
                let port = words.next().context(USAGE)?.parse().context("--port takes a number")?;
                options.listen.set_port(port);
            }
            "--until-stdin-closes" => options.until = Lifetime::Stdin,
            _ => bail!("{USAGE}"),
        }
    }
    serve_blocking(options, &mut std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}

//! `cargo xtask tidy` and `cargo xtask generate`.

use std::io::Write as _;
use std::process::ExitCode;

use xtask::repo::Repo;
use xtask::{generate, tidy};

const USAGE: &str = "usage: cargo xtask tidy      check the rules of the house
       cargo xtask generate  write the generated files (docs/settings.md, .env.example, seeds of fuzz/corpus/sse)
";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Repo::root();
    let mut stdout = std::io::stdout().lock();
    match arguments.as_slice() {
        ["tidy"] => {
            let repo = Repo::load(&root)?;
            let findings = tidy::all(&repo);
            for finding in &findings {
                writeln!(stdout, "{finding}")?;
            }
            writeln!(stdout, "tidy: {} files, {} findings", repo.len(), findings.len())?;
            Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["generate"] => {
            for path in generate::write(&root)? {
                writeln!(stdout, "{path}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            std::io::stderr().write_all(USAGE.as_bytes())?;
            Ok(ExitCode::from(64))
        }
    }
}

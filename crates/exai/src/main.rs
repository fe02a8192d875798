//! The binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    exai::run(exai::Extras::default())
}

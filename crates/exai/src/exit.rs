//! Exit codes, from the list that `sysexits.h` made common.

use std::process::ExitCode;

/// Done, and the answer is yes.
pub(crate) const OK: ExitCode = ExitCode::SUCCESS;
/// Done, and the answer is no: a tool's result that tells of a failure, a daemon that is not ready.
pub(crate) const NO: ExitCode = ExitCode::FAILURE;

/// The command line can't be understood.
pub(crate) fn usage() -> ExitCode {
    ExitCode::from(64)
}

/// There is no daemon that can be asked.
pub(crate) fn not_running() -> ExitCode {
    ExitCode::from(3)
}

/// The daemon does not answer, but it has just written its health file.
pub(crate) fn silent() -> ExitCode {
    ExitCode::from(4)
}

/// A daemon has the state directory, and has to be stopped first.
pub(crate) fn taken() -> ExitCode {
    ExitCode::from(75)
}

/// Settings are wrong, or none where one is needed.
pub(crate) fn config() -> ExitCode {
    ExitCode::from(78)
}

/// Ended by Ctrl-C.
pub(crate) fn interrupted() -> ExitCode {
    ExitCode::from(130)
}

//! Every command but the shim stops at wrong settings, and tells all of them at once.

use std::io::Write as _;
use std::process::ExitCode;

use exai_settings::{Loaded, Start};

use crate::exit;
use crate::world::World;

/// The settings, or the exit code where there are errors; these and the warnings are on stderr then.
///
/// # Errors
/// If stderr can't be written.
pub(crate) fn checked(world: &World, start: Start) -> std::io::Result<Result<Loaded, ExitCode>> {
    let loaded = world.settings(start);
    let code = tell(&loaded)?;
    Ok(if loaded.errors.is_empty() { Ok(loaded) } else { Err(code) })
}

/// The settings for who needs some of them alone: errors elsewhere are told, and stop nobody.
///
/// # Errors
/// If stderr can't be written.
pub(crate) fn checked_if(
    world: &World,
    start: Start,
    is_stopped: fn(&Loaded) -> bool,
) -> std::io::Result<Result<Loaded, ExitCode>> {
    let loaded = world.settings(start);
    if is_stopped(&loaded) {
        return Ok(Err(tell(&loaded)?));
    }
    let mut stderr = std::io::stderr().lock();
    for problem in loaded.warnings.iter().chain(&loaded.errors) {
        writeln!(stderr, "warning: {problem}")?;
    }
    Ok(Ok(loaded))
}

/// Puts errors and warnings on stderr; the exit code they ask for.
///
/// # Errors
/// If stderr can't be written.
pub(crate) fn tell(loaded: &Loaded) -> std::io::Result<ExitCode> {
    let mut stderr = std::io::stderr().lock();
    for warning in &loaded.warnings {
        writeln!(stderr, "warning: {warning}")?;
    }
    for error in &loaded.errors {
        writeln!(stderr, "error: {error}")?;
    }
    Ok(if loaded.errors.is_empty() { exit::OK } else { exit::config() })
}

//! Every command but the shim stops at wrong settings, and tells all of them at once.

use std::io::Write as _;
use std::process::ExitCode;

use exai_settings::{Loaded, Problem, Start};

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

/// The settings for who needs some of them alone: errors elsewhere stop nobody, and are left to the caller to tell.
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
    warn(&loaded.warnings)?;
    Ok(Ok(loaded))
}

/// Puts them on stderr as warnings.
///
/// # Errors
/// If stderr can't be written.
pub(crate) fn warn<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> std::io::Result<()> {
    let mut stderr = std::io::stderr().lock();
    problems.into_iter().try_for_each(|problem| writeln!(stderr, "warning: {problem}"))
}

/// Puts errors and warnings on stderr; the exit code they ask for.
///
/// # Errors
/// If stderr can't be written.
pub(crate) fn tell(loaded: &Loaded) -> std::io::Result<ExitCode> {
    warn(&loaded.warnings)?;
    let mut stderr = std::io::stderr().lock();
    for error in &loaded.errors {
        writeln!(stderr, "error: {error}")?;
    }
    Ok(if loaded.errors.is_empty() { exit::OK } else { exit::config() })
}

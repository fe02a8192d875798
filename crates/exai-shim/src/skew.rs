//! A local daemon of an older release than this shim: asked to make room once it has nothing to do.
//!
//! Both speak N and N−1 of the protocol, so nothing is urgent; the next call starts a daemon of this release.

use std::time::Duration;

use serde::Deserialize;

use crate::ask::{Address, Request, ask};
use crate::endpoint::Endpoint;
use crate::event::Done;

/// Limit of each request; nobody waits for them.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Whether release `theirs` is older than `ours`. What is no release number is not older.
pub(crate) fn is_older(theirs: &str, ours: &str) -> bool {
    match (numbers(theirs), numbers(ours)) {
        (Some(theirs), Some(ours)) => theirs < ours,
        _ => false,
    }
}

fn numbers(release: &str) -> Option<[u64; 3]> {
    let core = release.split(['-', '+']).next()?;
    let mut numbers = core.split('.').map(|number| number.parse().ok());
    let three = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(three)
}

/// Asks the daemon to drain, unless some session has a call in flight. Blocks up to twice [`TIMEOUT`].
pub(crate) fn ask_to_drain(endpoint: Endpoint) -> Done {
    match drain(&endpoint) {
        Some(Asked::Busy) => Done::StillBusy(endpoint),
        Some(Asked::Told(status)) => {
            tracing::info!(older = endpoint.version, status, "older daemon asked to drain");
            Done::Unattended
        }
        // It is gone or does not answer: the next session finds out which daemon there is.
        None => Done::Unattended,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Calls are in flight.
    Busy,
    /// The status of its answer.
    Told(u16),
}

#[derive(Deserialize)]
struct Health {
    in_flight: u64,
}

fn drain(endpoint: &Endpoint) -> Option<Asked> {
    let address = Address::parse(&endpoint.url, None)?;
    let token = endpoint.token.as_deref();
    let health = Request { method: "GET", path: "/health/ready", token };
    let health = ask(&address, health, TIMEOUT).ok()?;
    let idle = serde_json::from_str(health.body.trim()).is_ok_and(|health: Health| health.in_flight == 0);
    if !idle {
        return Some(Asked::Busy);
    }
    let stop = Request { method: "POST", path: "/stop", token };
    Some(Asked::Told(ask(&address, stop, TIMEOUT).ok()?.status))
}

#[cfg(test)]
mod tests;

//! Whether a daemon that does not answer is still there, as far as this machine can tell.

use exai_settings::Settings;
use exai_shim::ask::Address;
use exai_shim::endpoint::{self, is_held};

/// Whether the daemon of our state directory, if it is the one at `address`, still runs. `None`: it is another one, or
/// that can't be known. The lock counts, which ends with the process; a process id may be a container's own.
pub(crate) fn holds_state_dir(settings: &Settings, address: &Address) -> Option<bool> {
    let dir = settings.state.dir.as_deref()?;
    let endpoint = endpoint::read(dir).ok()?;
    if Address::parse(&endpoint.url, None)?.is_same_place(address) { is_held(dir) } else { None }
}

/// Whether this process of this machine runs; `None` where that can't be known.
#[cfg(unix)]
pub(crate) fn is_alive(pid: u64) -> Option<bool> {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    Some(test_kill_process(pid) != Err(Errno::SRCH))
}

/// Whether this process of this machine runs; `None` where that can't be known.
#[cfg(not(unix))]
pub(crate) fn is_alive(_pid: u64) -> Option<bool> {
    None
}

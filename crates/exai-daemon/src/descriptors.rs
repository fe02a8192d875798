//! File descriptors: every session and every provider request takes one, and many systems give a process 1024.

/// As many as a full house needs: every connection, its calls' requests, and room.
#[cfg(unix)]
const WANTED: u64 = 16_384;

/// Raises this process's own limit as far as wanted and allowed. Where it is not allowed, the limit stays, and
/// connections wait to be accepted when it is reached.
pub(crate) fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let allowed = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
        if current.is_some_and(|current| current < allowed) {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum });
        }
    }
}

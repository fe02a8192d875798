//! Randomness from the operating system.

use exai_wire::{CallId, SessionId};

/// Sixteen random bytes.
///
/// Where the operating system has none to give (it always has on the platforms supported), bits of the clock and
/// the process id stand in: a shim that works with weaker ids is worth more than one that has gone away.
pub(crate) fn bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        let nanos = std::time::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_nanos());
        let weak = nanos.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u128::from(std::process::id()).rotate_left(96);
        bytes = weak.to_be_bytes();
    }
    bytes
}

/// A new call's id.
pub(crate) fn call_id() -> CallId {
    CallId::from_bytes(bytes())
}

/// This process's id as a session.
pub(crate) fn session_id() -> SessionId {
    SessionId::from_bytes(bytes())
}

/// Seed of the jitter of dials.
pub(crate) fn seed() -> u64 {
    bytes().iter().fold(0, |seed, &byte| (seed << 8) ^ (seed >> 56) ^ u64::from(byte))
}

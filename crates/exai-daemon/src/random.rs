//! Randomness of the operating system.

use std::io;

/// `N` random bytes.
///
/// # Errors
/// If the operating system has none to give; a daemon without ids and token can't start.
pub(crate) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// 256 random bits as 64 hexadecimal digits.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn hex_256() -> io::Result<String> {
    let bytes = bytes::<32>()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

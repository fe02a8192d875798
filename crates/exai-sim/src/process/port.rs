//! A port that nobody else gets, for the tests that must know an address before anything listens on it.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Context as _;

/// Ports below the range that systems give to outgoing connections (32768 up on Linux, 49152 up elsewhere), so that
/// only another test could take one, and tests hold a lock on theirs.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A loopback port reserved among all tests on this machine while this value lives. Listening on it, or nothing
/// listening on it, is up to the holder.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Reserves a port on which nothing listens.
    ///
    /// # Errors
    /// No lock file can be made, or all 12,000 ports are taken.
    pub fn reserve() -> anyhow::Result<Self> {
        let directory = std::env::temp_dir().join("exai-sim-ports");
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("can't create {}", directory.display()))?;
        let size = u32::from(RANGE.end - RANGE.start);
        // Different processes begin at different places, so that they seldom try the same ones.
        let first = std::process::id().wrapping_mul(257) % size;
        for step in 0..size {
            let number = RANGE.start + u16::try_from((first + step) % size)?;
            let lock = File::create(directory.join(number.to_string()))?;
            if lock.try_lock().is_err() {
                continue;
            }
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        anyhow::bail!("no port between {} and {} is free", RANGE.start, RANGE.end)
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Its address on 127.0.0.1.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

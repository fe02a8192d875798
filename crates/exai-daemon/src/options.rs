//! How a daemon is started.

use std::collections::BTreeMap;

use exai_settings::Settings;

/// Everything that a daemon is told; it reads no environment.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// Settings without errors: whoever loads them tells those and does not start a daemon.
    pub settings: Settings,
    /// The settings in force by name, without secrets, for `exai settings`.
    pub effective: BTreeMap<String, String>,
    /// Who starts it.
    pub mode: Mode,
    /// Release.
    pub version: String,
}

/// Who starts a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A person, a service manager or a container: the configured address, log to stderr, ends when told.
    ByHand,
    /// A shim, for this user on this machine: log to a file, ends after a time without sessions. Where no address is
    /// configured it takes a free loopback port and a random token.
    Local,
}

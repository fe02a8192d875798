//! How a daemon is started.

use std::collections::BTreeMap;
use std::sync::Arc;

use exai_settings::Settings;
use exai_tools::CustomTool;

use crate::journals::AnyStore;

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
    /// What is added to it.
    pub extras: Extras,
}

/// What whoever embeds a daemon adds to it; `exai` adds nothing.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// Tools beside those of the catalogue.
    pub tools: Vec<Arc<dyn CustomTool>>,
    /// Stands between the daemon and its journal.
    pub around_store: Option<fn(AnyStore) -> AnyStore>,
    /// How many runtimes there are.
    pub runtimes: Runtimes,
}

/// How many runtimes a daemon has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runtimes {
    /// One for what proves life, one for what works.
    #[default]
    Two,
    /// One for both: what a test shows to be wrong.
    One,
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

//! From sources to settings.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::host::Host;
use crate::problem::Problem;
use crate::provider::{ChosenBy, Provider, StreamTimeout};
use crate::settings::{
    Address, Autostart, Calls, Connection, Daemon, Fallback, LogLevel, Models, Settings, Shim, State,
};
use crate::sources::Sources;

/// What [`load`] made of its sources.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Valid whatever was written.
    pub settings: Settings,
    /// What could not be understood; each has its default in `settings`. The daemon and the commands print all of them
    /// and exit with 78, the shim serves on and answers calls with them.
    pub errors: Vec<Problem>,
    /// What was understood but is probably not meant.
    pub warnings: Vec<Problem>,
}

/// Reads every setting. Never fails: see [`Loaded::errors`].
pub fn load(_sources: &Sources<'_>) -> Loaded {
    Loaded { settings: defaults(), errors: Vec::new(), warnings: Vec::new() }
}

impl Loaded {
    /// What the daemon runs with, by name, without secrets: for its status, so that `exai settings` can show where the
    /// running daemon differs.
    pub fn daemon_snapshot(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}

pub(crate) fn defaults() -> Settings {
    let provider = |name: &str, base_url: &str, seconds| Provider {
        name: name.into(),
        base_url: base_url.into(),
        key: None,
        stream_timeout: StreamTimeout { after: Duration::from_secs(seconds), chosen_by: ChosenBy::Default },
        connect_timeout: None,
        first_event_timeout: None,
        idle_timeout: None,
        max_concurrency: 16,
    };
    Settings {
        connection: Connection {
            url: None,
            host: Host::loopback(),
            port: 8079,
            token: None,
            address: Address::Local,
            autostart: Autostart::Auto,
        },
        calls: Calls { timeout: Duration::from_secs(1200), hold: Duration::from_secs(50) },
        shim: Shim { exit_after: None, file_roots: Vec::new() },
        state: State {
            env_file: None,
            dir: None,
            health_file: None,
            health_max_age: Duration::from_secs(20),
            log_level: LogLevel::Info,
        },
        daemon: Daemon {
            session_in_flight: 64,
            global_in_flight: 256,
            queue: 1024,
            drain_grace: Duration::from_secs(8),
            idle_exit: Some(Duration::from_secs(3600)),
            allowed_origins: Vec::new(),
        },
        models: Models { default: None, fallback: Fallback::Chain, chain: Vec::new(), catalogue_file: None },
        providers: vec![
            provider("glm", "https://api.z.ai/api/paas/v4", 300),
            provider("kimi", "https://api.moonshot.ai/v1", 600),
        ],
    }
}

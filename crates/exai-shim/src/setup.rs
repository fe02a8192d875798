//! What follows from the settings before anything runs.

use std::sync::Arc;

use exai_settings::{Settings, Target as Configured};

use crate::autostart::Autostart;
use crate::clock::Clock;
use crate::dial::Target;
use crate::endpoint;
use crate::files::FileRules;
use crate::options::ShimOptions;
use crate::seal_key;
use crate::starter::Starter;
use crate::tls::Trust;

/// Where to dial.
pub(crate) fn target(settings: &Settings) -> Target {
    let connection = &settings.connection;
    match (connection.target(), &settings.state.dir) {
        (Configured::Url(url), _) => {
            let trust = Arc::new(Trust::new(connection.ca.clone()));
            Target::Url { url, token: connection.token.clone(), trust }
        }
        (Configured::Local, Some(dir)) => Target::Local(dir.clone()),
        (Configured::Local, None) => Target::Nowhere,
    }
}

/// What starts daemons, if that is allowed and possible.
pub(crate) fn starter(options: &ShimOptions, clock: Clock) -> Option<Starter> {
    let settings = &options.loaded.settings;
    let exe = options.exe.clone().filter(|_| settings.connection.may_start_daemon())?;
    let state_dir = settings.state.dir.clone();
    let autostart = match settings.connection.target() {
        // Without a state directory its address could not be found.
        Configured::Local => state_dir.map(|dir| Autostart::new(exe, &["--local"], Some(dir))),
        Configured::Url(_) => Some(Autostart::new(exe, &[], state_dir)),
    };
    Some(Starter::new(autostart?, clock))
}

/// What a person can do when no daemon answers.
pub(crate) fn start_hint(settings: &Settings) -> String {
    let connection = &settings.connection;
    let hint = match (connection.target(), connection.may_start_daemon()) {
        (_, true) => {
            "A daemon is started by itself when a call needs one; `exai daemon` in a terminal shows what keeps it from starting."
        }
        (Configured::Local, false) => {
            "Start it with `exai daemon --local`, or set EXAI_AUTOSTART=auto to have it started when a call needs it."
        }
        (Configured::Url(_), false) => {
            "Start it there (`exai daemon`, or its container), or correct EXAI_WS_HOST, EXAI_WS_PORT or EXAI_WS_URL \
             (`exai settings` shows where they come from)."
        }
    };
    hint.to_owned()
}

/// The same in a few words, for those who watch a call wait; `None` where a daemon is started by itself.
pub(crate) fn start_command(settings: &Settings) -> Option<&'static str> {
    let connection = &settings.connection;
    match (connection.target(), connection.may_start_daemon()) {
        (_, true) => None,
        (Configured::Local, false) => Some("start it with `exai daemon --local`"),
        (Configured::Url(_), false) => Some("start it with `exai daemon`"),
    }
}

/// Which files calls may name. The settings file, the local daemon's token and the key of the seal are not among them,
/// wherever they are.
pub(crate) fn file_rules(options: &ShimOptions) -> FileRules {
    let settings = &options.loaded.settings;
    let mut rules = FileRules::new(&settings.shim.file_roots, options.cwd.clone(), options.home.clone());
    let kept = settings.state.dir.iter().flat_map(|dir| [endpoint::path(dir), seal_key::path(dir)]);
    rules.secret_files = settings.state.env_file.iter().cloned().chain(kept).collect();
    rules
}

//! Everything that the program takes from its surroundings, read once at the start. Nothing else reads the
//! environment, the working directory or the path of the executable.

use std::ffi::OsString;
use std::path::PathBuf;

use exai_daemon::Extras;
use exai_settings::{Loaded, Platform, Sources, Start, load};

/// The surroundings of this process.
pub(crate) struct World {
    /// The command line, the program's name included.
    pub(crate) arguments: Vec<OsString>,
    /// This executable, for starting further processes of the same build.
    pub(crate) exe: PathBuf,
    /// The user's home.
    pub(crate) home: Option<PathBuf>,
    /// The working directory.
    pub(crate) working_dir: Option<PathBuf>,
    /// What is added to the daemon.
    pub(crate) extras: Extras,
    environment: Vec<(OsString, OsString)>,
}

impl World {
    /// Reads the surroundings.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn collect(extras: Extras) -> Self {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        let named = arguments.first().map(PathBuf::from).unwrap_or_default();
        Self {
            exe: std::env::current_exe().unwrap_or(named),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            working_dir: std::env::current_dir().ok(),
            environment: std::env::vars_os().collect(),
            arguments,
            extras,
        }
    }

    /// The settings as they hold for a process that was started so.
    pub(crate) fn settings(&self, start: Start) -> Loaded {
        load(&Sources {
            environment: self.environment.clone(),
            platform: Platform::current(),
            working_dir: self.working_dir.clone(),
            start,
            read: &|path| std::fs::read(path),
        })
    }
}

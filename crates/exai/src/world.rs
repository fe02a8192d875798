//! Everything that the program takes from its surroundings, read once at the start. Nothing else reads the
//! environment, the working directory or the path of the executable.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exai_daemon::Extras;
use exai_settings::{Loaded, Platform, Sources, Start, load};

/// The setting that names the env file.
const ENV_FILE: &str = "ENV_FILE";

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
        read(self.environment.clone(), self.working_dir.clone(), start)
    }

    /// The env file that a person named, in full: programs that are started from here take no other.
    pub(crate) fn env_file_in_full(&self) -> Option<PathBuf> {
        let named = self.environment.iter().any(|(name, value)| name == ENV_FILE && !value.is_empty());
        self.settings(Start::ByHand).settings.state.env_file.filter(|path| named && path.is_absolute())
    }

    /// The same surroundings with this env file.
    pub(crate) fn with_env_file(&self, path: &Path) -> Self {
        let others = self.environment.iter().filter(|(name, _)| name != ENV_FILE).cloned();
        let environment = others.chain([(ENV_FILE.into(), path.into())]).collect();
        let Self { arguments, exe, home, working_dir, extras, environment: _ } = self;
        Self {
            arguments: arguments.clone(),
            exe: exe.clone(),
            home: home.clone(),
            working_dir: working_dir.clone(),
            extras: extras.clone(),
            environment,
        }
    }

    /// Reads them again: a file may have changed since.
    pub(crate) fn reloader(&self, start: Start) -> Arc<dyn Fn() -> Loaded + Send + Sync> {
        let (environment, working_dir) = (self.environment.clone(), self.working_dir.clone());
        Arc::new(move || read(environment.clone(), working_dir.clone(), start))
    }
}

fn read(environment: Vec<(OsString, OsString)>, working_dir: Option<PathBuf>, start: Start) -> Loaded {
    let read = &|path: &Path| std::fs::read(path);
    load(&Sources { environment, platform: Platform::current(), working_dir, start, read })
}

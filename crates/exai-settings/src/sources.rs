//! Where settings come from. All of it is handed in: this crate opens no file and reads no environment.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Reads a whole file; `main` passes `std::fs::read`.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Everything that [`load`](crate::load) looks at.
pub struct Sources<'a> {
    /// The process environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Whose conventions hold for directories.
    pub platform: Platform,
    /// The working directory, if it is known.
    pub working_dir: Option<PathBuf>,
    /// Who started this process.
    pub start: Start,
    /// Reads the env file.
    pub read: ReadFile<'a>,
}

/// Who started this process: only a person means something by the working directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A host, a shim, a service manager or a container. A relative `ENV_FILE` is an error.
    ByProgram,
    /// A person at a terminal. A relative `ENV_FILE` is taken from the working directory.
    ByHand,
    /// A person at a terminal who typed `exai daemon`: also takes `./.env` before the user's file.
    DaemonByHand,
}

/// Whose conventions hold for directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux and its relatives: XDG directories.
    Unix,
    /// `~/Library/Application Support`.
    MacOs,
    /// `%APPDATA%`, `%LOCALAPPDATA%`.
    Windows,
}

impl Platform {
    /// The platform that this program was built for.
    pub const fn current() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Unix
        }
    }
}

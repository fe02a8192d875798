//! The user's directories by each platform's custom. They hang on the home directory; hosts with a short list of
//! inherited variables pass that one on.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::kind::is_absolute;
use crate::sources::Platform;

/// The variables of the process environment that name directories.
pub(crate) struct Dirs<'a> {
    pub(crate) environment: &'a BTreeMap<String, OsString>,
    pub(crate) platform: Platform,
}

impl Dirs<'_> {
    /// `HOME`, on Windows `USERPROFILE`.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.variable(if self.platform == Platform::Windows { "USERPROFILE" } else { "HOME" })
    }

    /// exai's directory for what the user writes.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        let base = match self.platform {
            Platform::Unix => self.variable("XDG_CONFIG_HOME").or_else(|| self.below_home(&[".config"])),
            Platform::MacOs => self.below_home(&["Library", "Application Support"]),
            Platform::Windows => {
                self.variable("APPDATA").or_else(|| self.below_home(&["AppData", "Roaming"]))
            }
        };
        base.map(|base| base.join("exai"))
    }

    /// exai's directory for what it writes itself.
    pub(crate) fn state(&self) -> Option<PathBuf> {
        let base = match self.platform {
            Platform::Unix => {
                self.variable("XDG_STATE_HOME").or_else(|| self.below_home(&[".local", "state"]))
            }
            Platform::MacOs => self.below_home(&["Library", "Application Support"]),
            Platform::Windows => {
                self.variable("LOCALAPPDATA").or_else(|| self.below_home(&["AppData", "Local"]))
            }
        };
        base.map(|base| base.join("exai"))
    }

    fn below_home(&self, parts: &[&str]) -> Option<PathBuf> {
        self.home().map(|home| home.join(parts.iter().collect::<PathBuf>()))
    }

    /// A relative directory counts as not set, as the XDG specification wants it.
    fn variable(&self, name: &str) -> Option<PathBuf> {
        let value = self.environment.get(name)?;
        is_absolute(&value.to_string_lossy(), self.platform).then(|| PathBuf::from(value))
    }
}

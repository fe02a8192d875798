//! What is measured, and where.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::raw_host::RawHost;
use crate::process::{Exai, Group, TempDir};

/// Longest life of one process under measurement: the longest figure takes half of it where all is well.
const LIMIT: Duration = Duration::from_secs(45);

/// Copies of the binaries.
#[derive(Debug)]
pub(super) struct Bed {
    exai: PathBuf,
    /// Pages of this copy are shared with nobody.
    lone: PathBuf,
    floor: PathBuf,
    _copies: TempDir,
}

impl Bed {
    pub(super) fn new(exe: &Path, floor: &Path) -> anyhow::Result<Self> {
        let copies = TempDir::new()?;
        let copy = |from: &Path, name: &str| -> anyhow::Result<PathBuf> {
            let to = copies.path().join(name);
            std::fs::copy(from, &to)?;
            Ok(to)
        };
        Ok(Self {
            exai: copy(exe, "exai")?,
            lone: copy(exe, "lone")?,
            floor: copy(floor, "floor")?,
            _copies: copies,
        })
    }

    /// An installation of the copy. Logs are at the level that users have.
    pub(super) fn exai(&self) -> anyhow::Result<Exai> {
        let mut exai = Exai::new(&self.exai)?;
        exai.unset("LOG_LEVEL").group(Group::Shared);
        Ok(exai)
    }

    /// A shim of this installation, before its handshake.
    pub(super) fn shim(&self, exai: &Exai) -> anyhow::Result<RawHost> {
        RawHost::spawn(&mut exai.command_of(&self.exai, &["shim"]), LIMIT)
    }

    /// The same from a copy of its own.
    pub(super) fn lone_shim(&self, exai: &Exai) -> anyhow::Result<RawHost> {
        RawHost::spawn(&mut exai.command_of(&self.lone, &["shim"]), LIMIT)
    }

    /// The floor process.
    pub(super) fn floor(&self) -> anyhow::Result<RawHost> {
        RawHost::spawn(Command::new(&self.floor).arg("floor").env_clear(), LIMIT)
    }
}

//! What is measured, and where.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use super::raw_host::RawHost;
use crate::process::{Child, Exai, Group, TempDir};

/// Longest life of one process under measurement: the longest figure takes half of it where all is well.
const LIMIT: Duration = Duration::from_secs(90);

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

    /// Two processes in the places of shim and daemon that ask this provider this; the second is the shim's.
    pub(super) fn relays(&self, provider: SocketAddr, prompt: &str) -> anyhow::Result<(Child, RawHost)> {
        let mut far = Command::new(&self.floor);
        far.args(["far", &provider.to_string(), prompt]).env_clear().stdout(Stdio::piped());
        let far = Child::spawn("the far relay", &mut far, Group::Shared)?;
        let mut told = String::new();
        let (_, stdout, _) = far.take_pipes();
        BufReader::new(stdout.context("no stdout")?).read_line(&mut told)?;
        let port: u16 = told.trim().parse().context("the far relay tells no port")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string();
        let near = RawHost::spawn(Command::new(&self.floor).args(["near", &address]).env_clear(), LIMIT)?;
        Ok((far, near))
    }

    /// The floor process.
    pub(super) fn floor(&self) -> anyhow::Result<RawHost> {
        RawHost::spawn(Command::new(&self.floor).arg("floor").env_clear(), LIMIT)
    }
}

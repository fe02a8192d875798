//! A daemon process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::{Child, Group, HANG, Signal, http_get, poll};

/// How long one look at the daemon's port may take before it is tried again.
const LOOK: Duration = Duration::from_secs(1);

/// A running daemon; killed on drop. Its output goes to `daemon.out` in the home of its installation.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    endpoint: PathBuf,
}

impl Daemon {
    /// Starts `command`, which is to write `endpoint.json` into `state`.
    pub(super) fn spawn(
        mut command: Command,
        group: Group,
        output: &Path,
        state: &Path,
    ) -> anyhow::Result<Self> {
        let file = std::fs::File::options().create(true).append(true).open(output)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        Ok(Self {
            child: Child::spawn("the daemon", &mut command, group)?,
            endpoint: state.join("endpoint.json"),
        })
    }

    /// Its process.
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// Where it listens by its own report; `None` until it has written one.
    pub fn address(&self) -> Option<SocketAddr> {
        let endpoint = read_endpoint(&self.endpoint)?;
        // A report of an earlier daemon stays behind after a kill.
        let pid = endpoint.get("pid")?.as_u64()?;
        (pid == u64::from(self.child.pid())).then(|| address_of(&endpoint))?
    }

    /// Waits until `/health/ready` says 200, and returns the address.
    ///
    /// # Errors
    /// The daemon ends, or is not ready in time.
    pub fn wait_ready(&self) -> anyhow::Result<SocketAddr> {
        let ready = poll(HANG, || {
            if let Some(status) = self.child.status() {
                return Some(Err(status));
            }
            let address = self.address()?;
            let answer = http_get(address, "/health/ready", LOOK).ok()?;
            (answer.status == 200).then_some(Ok(address))
        });
        match ready {
            Some(Ok(address)) => Ok(address),
            Some(Err(status)) => anyhow::bail!("the daemon ended before it was ready: {status}"),
            None => anyhow::bail!("the daemon is not ready after {HANG:?}"),
        }
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// It has ended already.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.child.signal(Signal::Kill)?;
        self.child.wait(HANG)?;
        Ok(())
    }

    /// SIGTERM, and waits for its end.
    ///
    /// # Errors
    /// It has ended already, or does not end.
    pub fn terminate(&self) -> anyhow::Result<ExitStatus> {
        self.child.signal(Signal::Terminate)?;
        self.child.wait(HANG)
    }
}

/// The report of the daemon that runs, or ran last.
pub(super) fn read_endpoint(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The socket address inside `ws://127.0.0.1:4711/…`.
pub(super) fn address_of(endpoint: &Value) -> Option<SocketAddr> {
    let url = endpoint.get("url")?.as_str()?;
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next()?;
    authority.parse().ok()
}

/// `/health/ready` of whatever listens at `address`, 200 or not.
///
/// # Errors
/// It is not as wished within [`HANG`].
pub(super) fn wait_status(address: SocketAddr, status: u16) -> anyhow::Result<()> {
    poll(HANG, || {
        let answer = http_get(address, "/health/ready", LOOK).ok()?;
        (answer.status == status).then_some(())
    })
    .with_context(|| format!("http://{address}/health/ready does not say {status}"))
}

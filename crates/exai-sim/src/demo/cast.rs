//! The processes on stage.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::process::{Child, Group, HANG, http_get, poll};

/// A simulated provider in a process of its own. It ends with this value, because its stdin does.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    pub(super) child: Child,
    _stdin: Option<ChildStdin>,
}

impl Provider {
    pub(super) fn start(exe: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(exe);
        command.arg("sim-provider").env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = Child::spawn("the simulated provider", &mut command, Group::Shared)?;
        let (stdin, stdout, _) = child.take_pipes();
        let stdout = stdout.context("no stdout")?;
        let (sender, receiver) = sync_channel(1);
        std::thread::Builder::new().name("provider-url".into()).spawn(move || {
            let mut line = String::new();
            // Nobody waits any more if this can't be delivered.
            let _ = BufReader::new(stdout).read_line(&mut line).map(|_| sender.send(line));
        })?;
        let line =
            receiver.recv_timeout(HANG).context("the simulated provider does not say where it listens")?;
        let address = line.trim().strip_prefix("http://").and_then(|address| address.parse().ok());
        let address = address.with_context(|| format!("the simulated provider says {line:?}"))?;
        Ok(Self { address, child, _stdin: stdin })
    }

    /// What was asked of it.
    pub(super) fn log(&self) -> anyhow::Result<Vec<Asked>> {
        let answer = http_get(self.address, "/sim/log", HANG)?;
        let log: Value = serde_json::from_str(&answer.body)?;
        let requests = log.as_array().context("the provider's log is no list")?;
        Ok(requests.iter().filter_map(Asked::read).collect())
    }

    /// Waits until it has sent so many events in answer to the prompt of this digest.
    pub(super) fn wait_events(&self, digest: &str, events: u64) -> anyhow::Result<()> {
        let enough = || {
            let log = self.log().ok()?;
            log.iter().any(|asked| asked.digest == digest && asked.events >= events).then_some(())
        };
        poll(HANG, enough).context("the provider was not asked the long question")
    }
}

/// One request in the provider's log.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) digest: String,
    pub(super) events: u64,
    pub(super) completed: bool,
}

impl Asked {
    fn read(request: &Value) -> Option<Self> {
        Some(Self {
            digest: request.get("digest")?.as_str()?.to_owned(),
            events: request.get("events")?.as_u64()?,
            completed: request.pointer("/ended/how").is_some_and(|how| how == "Completed"),
        })
    }
}

/// How a duration is shown.
pub(super) fn shown(length: Duration) -> String {
    match length.as_secs_f64() {
        seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1000.0),
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}

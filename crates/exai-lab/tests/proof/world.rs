//! A provider, an installation of the program with faults, and what is asked of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use exai_sim::host::{Answer, Host, Pending, Progress, Revision};
use exai_sim::process::{Daemon, Exai, HANG};
use exai_sim::provider::{Request, SimProvider};
use serde_json::{Value, json};

/// Longest wait for what takes its own time, on a machine that may be very busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct World {
    pub(crate) provider: SimProvider,
    pub(crate) exai: Exai,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let provider = SimProvider::start().unwrap();
        let mut exai = Exai::new(Path::new(env!("CARGO_BIN_EXE_exai-lab"))).unwrap();
        exai.with_provider(&provider).set_all(settings);
        Self { provider, exai }
    }

    /// A daemon that is ready, with this fault.
    pub(crate) fn faulty_daemon(&mut self, variable: &str, fault: &str) -> Daemon {
        self.exai.set(variable, fault);
        let daemon = self.exai.daemon().unwrap();
        self.exai.unset(variable);
        daemon
    }

    /// A daemon that is ready.
    pub(crate) fn daemon(&self) -> Daemon {
        self.exai.daemon().unwrap()
    }

    /// A host that has shaken hands with its shim.
    pub(crate) fn host(&self) -> Host {
        let host = self.exai.host().unwrap();
        host.initialize(Revision::V2025_11_25).unwrap();
        host
    }

    /// What `exai calls` prints.
    pub(crate) fn calls(&self) -> String {
        let output = self.exai.run(&["calls"], HANG).unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Attempts of the only call of which the journal has the start, while no daemon runs; 0 where it has none of the call.
    pub(crate) fn attempts_kept(&self) -> u64 {
        let output = self.exai.run(&["calls", "--json"], HANG).unwrap();
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        listed["calls"][0]["attempts"].as_u64().unwrap_or(0)
    }

    /// The file that `write_line` writes.
    pub(crate) fn file(&self) -> PathBuf {
        self.exai.home().join("world.txt")
    }

    /// How often it did.
    pub(crate) fn effects(&self) -> usize {
        std::fs::read_to_string(self.file()).unwrap_or_default().lines().count()
    }

    /// Asks a model; held to its deadline.
    pub(crate) fn chat(&self, host: &Host, prompt: &str) -> Pending {
        host.call("chat", json!({"prompt": prompt}), Progress::Wanted).unwrap()
    }

    /// Changes the world.
    pub(crate) fn write(&self, host: &Host, ms: u64) -> Pending {
        let path = self.file();
        let arguments = json!({"path": path.to_str().unwrap(), "line": "done", "ms": ms});
        host.call("write_line", arguments, Progress::Wanted).unwrap()
    }

    /// What the provider was asked with this prompt, once none of it is open any more.
    pub(crate) fn requests(&self, prompt: &str) -> Vec<Request> {
        self.provider.ended(prompt, HANG).unwrap()
    }

    /// Waits until a request with this prompt has been sent so many pieces of its answer.
    pub(crate) fn wait_events(&self, prompt: &str, nth: u64, events: u64) {
        self.provider.wait_events(prompt, nth, events, PATIENCE).unwrap();
    }
}

/// Everything asked has exactly one answer, and nothing else was said.
pub(crate) fn assert_orderly(host: &Host) {
    host.transcript().check_complete().unwrap();
}

pub(crate) fn is_unknown(answer: &Answer) -> bool {
    answer.text().is_ok_and(|text| text.contains("can't be known"))
}

pub(crate) fn empty() -> Value {
    json!({})
}

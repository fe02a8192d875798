//! A provider, an installation, and the commands of a person.

use std::path::Path;
use std::time::Instant;

use exai_sim::host::{Host, Revision};
use exai_sim::process::{Daemon, Exai, HANG};
use exai_sim::provider::{Request, SimProvider};
use serde_json::Value;

/// A provider, and an installation that asks it. What still runs of it is killed when it is dropped.
pub(crate) struct World {
    pub(crate) provider: SimProvider,
    pub(crate) exai: Exai,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let provider = SimProvider::start().unwrap();
        let mut exai = Exai::new(Path::new(env!("CARGO_BIN_EXE_exai"))).unwrap();
        exai.with_provider(&provider);
        Self { provider, exai }
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

    /// What a command says.
    pub(crate) fn say(&self, words: &[&str]) -> Said {
        let output = self.exai.run(words, HANG).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// What a command that must succeed says.
    pub(crate) fn page(&self, words: &[&str]) -> String {
        let said = self.say(words);
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        said.stdout
    }

    /// The same, for one that says JSON.
    pub(crate) fn told(&self, words: &[&str]) -> Value {
        let page = self.page(words);
        serde_json::from_str(&page).unwrap_or_else(|error| panic!("{words:?}: {error}: {page}"))
    }

    /// Asks a model; the conversation that question and answer are kept in.
    pub(crate) fn chat(&self, arguments: &[&str]) -> String {
        let words = [&["call", "--json", "chat"], arguments].concat();
        let result = self.told(&words);
        result["_meta"]["dev.exai/route"]["conversation"].as_str().unwrap().to_owned()
    }

    /// The calls in this state, as soon as there is one.
    pub(crate) fn wait_call(&self, state: &str) -> Value {
        let began = Instant::now();
        loop {
            let told = self.told(&["calls", "--json", "--state", state]);
            if let Some(call) = told["calls"].as_array().unwrap().first() {
                return call.clone();
            }
            assert!(began.elapsed() < HANG, "no call is {state}");
        }
    }

    /// What the provider was asked with this prompt, oldest first.
    pub(crate) fn requests(&self, prompt: &str) -> Vec<Request> {
        self.provider.asked(prompt)
    }
}

//! An installation with its daemon and its provider, and what must hold for everything that its shims said.

use std::path::Path;

use exai_sim::host::{Answer, Host, Pending, Revision, Transcript};
use exai_sim::process::{Daemon, Exai, HANG};
use exai_sim::provider::SimProvider;
use exai_sim::schema::Schemas;
use serde_json::{Value, json};

/// The tools that every shim lists.
pub(crate) const TOOLS: [&str; 5] = ["chat", "collect", "listmodels", "status", "version"];

/// Declared so that the daemon goes before its installation, whose directory it uses.
pub(crate) struct World {
    pub(crate) daemon: Daemon,
    pub(crate) exai: Exai,
    pub(crate) provider: SimProvider,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With further settings of the installation.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let provider = SimProvider::start().unwrap();
        let mut exai = installation();
        exai.with_provider(&provider).set_all(settings);
        Self { daemon: exai.daemon().unwrap(), exai, provider }
    }

    /// A host that has said nothing yet.
    pub(crate) fn host(&self) -> Host {
        self.exai.host().unwrap()
    }

    /// A host after its handshake.
    pub(crate) fn greeted(&self, revision: Revision) -> Host {
        let host = self.host();
        greet(&host, revision);
        host
    }
}

/// An installation without keys; nothing runs.
pub(crate) fn installation() -> Exai {
    Exai::new(Path::new(env!("CARGO_BIN_EXE_exai"))).unwrap()
}

/// The handshake of that revision; its result.
pub(crate) fn greet(host: &Host, revision: Revision) -> Value {
    match revision {
        Revision::V2026_07_28 => host.discover().unwrap(),
        legacy => host.initialize(legacy).unwrap(),
    }
}

/// A request as text, with an id as text.
pub(crate) fn line(id: &str, method: &str, params: &Value) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

/// What a modern request carries.
pub(crate) fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "modern", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// Sends a line whose id is `id`.
pub(crate) fn send(host: &Host, id: Value, line: &str) -> Pending {
    let at = host.now();
    host.send_raw(line.as_bytes()).unwrap();
    Pending { id, token: None, at }
}

/// Asks, and waits for the answer.
pub(crate) fn ask(host: &Host, method: &str, params: Value) -> Answer {
    host.wait(&host.request(method, params).unwrap(), HANG).unwrap()
}

/// The names in a list of tools, sorted.
pub(crate) fn names(tools: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

/// What must hold in any conversation: JSON-RPC only, every request answered once, no progress but what was asked for,
/// and every line valid in its revision.
pub(crate) fn check(host: &Host) -> Transcript {
    let transcript = host.transcript();
    transcript.check_complete().unwrap();
    check_schemas(&transcript);
    transcript
}

pub(crate) fn check_schemas(transcript: &Transcript) {
    if let Some(schemas) = Schemas::at_hand().unwrap() {
        let lines = schemas.check_transcript(transcript).unwrap();
        assert_eq!(lines, transcript.received().count());
    }
}

//! What every test here stands on: a provider, an installation, and the questions that are asked of them.

use std::path::Path;
use std::time::Duration;

use exai_sim::host::{Answer, Host, Pending, Progress, Revision};
use exai_sim::process::{Daemon, Exai, HANG, Port};
use exai_sim::provider::{Request, SimProvider, answer_to};
use serde_json::{Value, json};

/// Longest wait for what takes its own time on purpose: the longest script (60 s), and room for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What is promised within 100 ms, on a machine that may be very busy.
pub(crate) const PROMPT: Duration = Duration::from_secs(5);

/// A provider, and an installation that asks it. What still runs of it is killed when it is dropped.
pub(crate) struct World {
    pub(crate) provider: SimProvider,
    pub(crate) exai: Exai,
}

impl World {
    /// With the default settings: a daemon that the test starts, and shims that start none.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With these variables set, for shims and daemons alike.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let provider = SimProvider::start().unwrap();
        let mut exai = Exai::new(Path::new(env!("CARGO_BIN_EXE_exai"))).unwrap();
        exai.with_provider(&provider).set_all(settings);
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

    /// Waits until a request with this prompt has been sent so many pieces of its answer.
    pub(crate) fn wait_events(&self, prompt: &str, nth: u64, events: u64) {
        self.provider.wait_events(prompt, nth, events, PATIENCE).unwrap();
    }

    /// What the provider was asked with this prompt, oldest first.
    pub(crate) fn requests(&self, prompt: &str) -> Vec<Request> {
        self.provider.asked(prompt)
    }

    /// Waits until no request with this prompt is open, and gives all there were.
    pub(crate) fn ended(&self, prompt: &str) -> Vec<Request> {
        self.provider.ended(prompt, HANG).unwrap()
    }
}

/// A world in which a daemon is to listen on this port, by whoever starts it.
pub(crate) fn configured(port: &Port, settings: &[(&str, &str)]) -> World {
    let number = port.number().to_string();
    let address = [("EXAI_WS_HOST", "127.0.0.1"), ("EXAI_WS_PORT", number.as_str())];
    World::with(&[&address, settings].concat())
}

/// Asks a model, with a progress token: such a call is held to its deadline.
pub(crate) fn chat(host: &Host, prompt: &str) -> Pending {
    host.call("chat", json!({"prompt": prompt}), Progress::Wanted).unwrap()
}

/// Asks a model without a progress token, and waits for the answer.
pub(crate) fn chat_now(host: &Host, prompt: &str) -> Answer {
    host.ask("chat", json!({"prompt": prompt})).unwrap()
}

/// A call that costs nothing, and that only a daemon can answer.
pub(crate) fn list_models(host: &Host) -> Pending {
    host.call("listmodels", Value::Null, Progress::Wanted).unwrap()
}

/// That call, answered by a daemon.
pub(crate) fn assert_served(host: &Host) {
    let text = text_of(&host.wait(&list_models(host), HANG).unwrap());
    assert!(text.contains("glm-5.3"), "{text}");
}

/// The text of a result that is no failure.
pub(crate) fn text_of(answer: &Answer) -> String {
    assert!(!answer.is_tool_error(), "{}", answer.line);
    answer.text().unwrap()
}

/// The sentence of a result that is a failure.
pub(crate) fn failure_of(answer: &Answer) -> String {
    assert!(answer.is_tool_error(), "{}", answer.line);
    answer.text().unwrap()
}

/// The answer is the whole of what the simulated model says to this prompt, in this many pieces.
pub(crate) fn assert_whole(answer: &Answer, prompt: &str, chunks: u64) {
    let (text, expected) = (text_of(answer), answer_to(prompt, chunks));
    assert!(text.contains(&expected), "{expected:?} is not in {text:?}");
    // The piece after the last would be a part of another stream.
    assert!(!text.contains(&format!("part {}", chunks + 1)), "{text}");
}

/// Everything asked has exactly one answer, and nothing else was said.
pub(crate) fn assert_orderly(host: &Host) {
    host.transcript().check_complete().unwrap();
}

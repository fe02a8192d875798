//! What every test stands on: a provider in one container, the daemon of compose.yaml in another, shims outside.

use std::path::Path;
use std::time::Duration;

use exai_sim::host::{Host, Revision};
use exai_sim::process::{Exai, HANG, Port, TempDir, http_get, poll};
use exai_sim::provider::digest;
use serde_json::Value;

use crate::engine::{Engine, root};

/// Longest wait for what a script makes long, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The simulated provider, in a project of its own: its log has to outlive the daemon's.
const SIMULATOR: &str = r#"
services:
  simulator:
    image: <image>
    command: sim-provider --listen 0.0.0.0:8080
    healthcheck: {disable: true}
    stop_signal: SIGKILL
    ports: ["127.0.0.1:<port>:8080"]
networks:
  default: {name: <network>}
"#;

/// What a test changes about compose.yaml: the network, in which the simulator is found by the name of its service; how
/// soon health is known; and, so that nobody finds it by the C library, what that is told about names.
const CHANGES: &str = "
services:
  exai:
    healthcheck: {interval: 1s}
    volumes: [./nsswitch.conf:/etc/nsswitch.conf:ro]
networks:
  default: {external: true, name: <network>}
";

/// Tells the C library to ask a module that is nowhere. A newer one that is a part of a program would else resolve names
/// in an image without any file, an older one would not.
const NO_LIBRARY: &str = "hosts: nowhere\n";

/// What a user writes, with quotes and comments as people put them.
const ENV_FILE: &str = r#"
EXAI_IMAGE=<image>
EXAI_WS_TOKEN=<token>  # the same for the shims
EXAI_WS_PORT=<port>
EXAI_WS_HOST=127.0.0.1
GLM_API_KEY="sk-sim-glm"
GLM_BASE_URL=http://simulator:8080/glm/v1
EXAI_DRAIN_GRACE=8s
"#;

/// Who owns the directory of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logs {
    /// Whoever runs the tests; everybody may write there.
    Everybodys,
    /// Whoever runs the tests, for himself.
    SomebodyElses,
}

/// A machine with exai in a container. What it started goes when it is dropped.
pub(crate) struct World<'e> {
    engine: &'e Engine,
    /// The user's directory: `.env`, `logs`.
    dir: TempDir,
    name: String,
    simulator: Port,
    /// The shims' side.
    exai: Exai,
    _port: Port,
}

impl<'e> World<'e> {
    /// With a daemon that is healthy.
    pub(crate) fn new(engine: &'e Engine, logs: Logs) -> Self {
        let (dir, port, simulator) =
            (TempDir::new().unwrap(), Port::reserve().unwrap(), Port::reserve().unwrap());
        let name = dir.path().file_name().unwrap().to_string_lossy().into_owned();
        let fill = |text: &str, port: &Port| {
            let text = text.replace("<image>", engine.image()).replace("<network>", &name);
            text.replace("<token>", &name).replace("<port>", &port.number().to_string())
        };
        std::fs::write(dir.path().join("simulator.yaml"), fill(SIMULATOR, &simulator)).unwrap();
        std::fs::write(dir.path().join("changes.yaml"), fill(CHANGES, &port)).unwrap();
        std::fs::write(dir.path().join(".env"), fill(ENV_FILE, &port)).unwrap();
        std::fs::write(dir.path().join("nsswitch.conf"), NO_LIBRARY).unwrap();
        make_logs(&dir.path().join("logs"), logs);
        let mut exai = Exai::new(Path::new(env!("CARGO_BIN_EXE_exai"))).unwrap();
        exai.set("EXAI_WS_URL", &format!("ws://{}", port.address())).set("EXAI_WS_TOKEN", &name);
        let world = Self { engine, dir, name, simulator, exai, _port: port };
        world.simulator(&["up", "--detach"]).unwrap();
        world.compose(&["up", "--detach"]);
        world.wait_healthy();
        world
    }

    /// Runs `docker-compose` in the user's directory.
    pub(crate) fn compose(&self, words: &[&str]) -> String {
        self.try_compose(words).unwrap()
    }

    /// As [`Self::compose`], for what may fail.
    pub(crate) fn try_compose(&self, words: &[&str]) -> Result<String, String> {
        let (file, changes) = (root().join("compose.yaml"), self.dir.path().join("changes.yaml"));
        self.project(&self.name, &[&file, &changes], words)
    }

    fn simulator(&self, words: &[&str]) -> Result<String, String> {
        let file = self.dir.path().join("simulator.yaml");
        self.project(&format!("{}-simulator", self.name), &[&file], words)
    }

    fn project(&self, name: &str, files: &[&Path], words: &[&str]) -> Result<String, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let files: Vec<String> = files.iter().flat_map(|file| ["--file".to_owned(), text(file)]).collect();
        let dir = text(self.dir.path());
        let mut all = vec!["--project-name", name, "--project-directory", &dir];
        all.extend(files.iter().map(String::as_str));
        all.extend(words);
        self.engine.compose(&all)
    }

    /// What the engine knows of the daemon's container, by this template.
    pub(crate) fn inspect(&self, template: &str) -> String {
        let id = self.compose(&["ps", "--quiet", "exai"]);
        self.engine.docker(&["inspect", "--format", template, id.trim()]).trim().to_owned()
    }

    /// Waits until the engine's own health check is content.
    pub(crate) fn wait_healthy(&self) {
        let healthy = || (self.inspect("{{.State.Health.Status}}") == "healthy").then_some(());
        poll(HANG, healthy).unwrap_or_else(|| panic!("not healthy: {}", self.log()));
    }

    /// What the daemon's container said.
    pub(crate) fn log(&self) -> String {
        self.try_compose(&["logs", "--no-color", "exai"]).unwrap_or_else(|error| error)
    }

    /// The text of a file in the user's `logs`.
    pub(crate) fn kept_log(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.dir.path().join("logs").join(name)).ok()
    }

    /// A host that has shaken hands with its shim.
    pub(crate) fn host(&self) -> Host {
        let host = self.exai.host().unwrap();
        host.initialize(Revision::V2025_11_25).unwrap();
        host
    }

    /// What the provider was asked with this prompt, oldest first.
    pub(crate) fn requests(&self, prompt: &str) -> Vec<Value> {
        let answer = http_get(self.simulator.address(), "/sim/log", HANG).unwrap();
        let all: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
        all.into_iter().filter(|request| request["digest"] == digest(prompt)).collect()
    }

    /// Waits until the first request with this prompt has been sent so many pieces of its answer.
    pub(crate) fn wait_events(&self, prompt: &str, events: u64) {
        let seen = || {
            self.requests(prompt)
                .iter()
                .any(|request| request["events"].as_u64() >= Some(events))
                .then_some(())
        };
        poll(HANG, seen).unwrap_or_else(|| panic!("{:?}", self.requests(prompt)));
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        // Of what may fail here the engine's owner hears.
        for ended in [self.try_compose(&["down", "--volumes"]), self.simulator(&["down", "--volumes"])] {
            if let Err(error) = ended {
                eprintln!("{error}");
            }
        }
    }
}

fn make_logs(path: &Path, logs: Logs) {
    std::fs::create_dir(path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if logs == Logs::Everybodys { 0o777 } else { 0o755 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = logs;
}

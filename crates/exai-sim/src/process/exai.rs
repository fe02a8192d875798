//! A whole installation of its own: home, state directory, environment. What tests start is started from here.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::daemon::{address_of, read_endpoint, wait_status};
use super::{Child, Daemon, Group, TempDir, kill};
use crate::host::{Host, HostConfig};
use crate::provider::SimProvider;

/// Lines of each log shown when a test fails.
const TAIL_LINES: usize = 40;

/// A process of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its id.
    pub pid: u32,
    /// Its command line, the program first.
    pub words: Vec<String>,
}

impl Running {
    /// Whether it was started with this subcommand.
    pub fn is(&self, subcommand: &str) -> bool {
        self.words.get(1).is_some_and(|word| word == subcommand)
    }
}

/// An `exai` binary with a home of its own. Nothing is inherited from the environment of the test. When it is dropped
/// during a panic the ends of its logs are printed, and whatever still runs with its state directory is killed.
#[derive(Debug)]
pub struct Exai {
    exe: PathBuf,
    home: TempDir,
    env: BTreeMap<String, String>,
    group: Group,
}

impl Exai {
    /// An installation of the binary `exe` in a fresh directory. No address is configured, and shims start no daemon:
    /// they find the one of this state directory by its `endpoint.json`.
    ///
    /// # Errors
    /// No directory can be made.
    pub fn new(exe: &Path) -> anyhow::Result<Self> {
        let home = TempDir::new()?;
        let mut exai = Self { exe: exe.to_owned(), home, env: BTreeMap::new(), group: Group::Own };
        std::fs::create_dir(exai.state_dir())?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (home, state) = (text(exai.home.path()), text(&exai.state_dir()));
        exai.set("HOME", &home).set("USERPROFILE", &home).set("EXAI_STATE_DIR", &state);
        exai.set("EXAI_AUTOSTART", "never").set("LOG_LEVEL", "debug");
        Ok(exai)
    }

    /// Points GLM and Kimi to this provider, with keys.
    pub fn with_provider(&mut self, provider: &SimProvider) -> &mut Self {
        self.with_provider_at(provider.address())
    }

    /// Points GLM and Kimi to a simulated provider at this address, with keys.
    pub fn with_provider_at(&mut self, address: SocketAddr) -> &mut Self {
        self.set("GLM_API_KEY", "sk-sim-glm").set("GLM_BASE_URL", &format!("http://{address}/glm/v1"));
        self.set("KIMI_API_KEY", "sk-sim-kimi").set("KIMI_BASE_URL", &format!("http://{address}/kimi/v1"))
    }

    /// Decides about the process groups of everything started from now on.
    pub fn group(&mut self, group: Group) -> &mut Self {
        self.group = group;
        self
    }

    /// Sets a variable of everything started from now on.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets these variables of everything started from now on.
    pub fn set_all(&mut self, settings: &[(&str, &str)]) -> &mut Self {
        for (name, value) in settings {
            self.set(name, value);
        }
        self
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.env.remove(name);
        self
    }

    /// The binary.
    pub fn exe(&self) -> &Path {
        &self.exe
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The state directory.
    pub fn state_dir(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// A command with this installation's environment and nothing else.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        self.command_of(&self.exe, arguments)
    }

    /// As [`Exai::command`], with another program.
    pub fn command_of<S: AsRef<OsStr>>(&self, program: &Path, arguments: &[S]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(&self.env).current_dir(self.home.path());
        command
    }

    /// Starts a daemon and waits until it is ready. Without a port in the environment it takes a free one.
    ///
    /// # Errors
    /// It does not become ready.
    pub fn daemon(&self) -> anyhow::Result<Daemon> {
        let daemon = self.start_daemon()?;
        daemon.wait_ready().with_context(|| self.log_tails())?;
        Ok(daemon)
    }

    /// Starts a daemon, without waiting.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start_daemon(&self) -> anyhow::Result<Daemon> {
        let mut command = self.command(&["daemon"]);
        if !self.env.contains_key("EXAI_WS_PORT") {
            command.env("EXAI_WS_HOST", "127.0.0.1").env("EXAI_WS_PORT", "0");
            // The port of a killed daemon may be another test's next: without a token its daemon would serve our shims.
            command.env("EXAI_WS_TOKEN", self.token());
        }
        Daemon::spawn(command, self.group, &self.home.path().join("daemon.out"), &self.state_dir())
    }

    /// Nobody else's: the name of the directory is unique.
    fn token(&self) -> String {
        let name = self.home.path().file_name().unwrap_or_default();
        format!("token-{}", name.display())
    }

    /// Where the newest daemon of this state directory listens, or listened.
    pub fn address(&self) -> Option<SocketAddr> {
        address_of(&read_endpoint(&self.state_dir().join("endpoint.json"))?)
    }

    /// Waits until whatever listens at `address` answers `/health/ready` with this status.
    ///
    /// # Errors
    /// It does not.
    pub fn wait_status(&self, address: SocketAddr, status: u16) -> anyhow::Result<()> {
        wait_status(address, status).with_context(|| self.log_tails())
    }

    /// What a host needs to start `exai shim` of this installation.
    pub fn shim(&self) -> HostConfig {
        HostConfig::new(self.command(&["shim"])).group(self.group)
    }

    /// Starts `exai shim` under a simulated host that has not said anything yet.
    ///
    /// # Errors
    /// It can't be started.
    pub fn host(&self) -> anyhow::Result<Host> {
        Host::spawn(self.shim())
    }

    /// Runs a subcommand to its end.
    ///
    /// # Errors
    /// It can't be started, or still runs after `timeout`.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S], timeout: Duration) -> anyhow::Result<Output> {
        let (out, err) = (self.home.path().join("run.out"), self.home.path().join("run.err"));
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&out)?)
            .stderr(std::fs::File::create(&err)?);
        let child = Child::spawn("exai", &mut command, self.group)?;
        let status = child.wait(timeout)?;
        Ok(Output { status, stdout: std::fs::read(out)?, stderr: std::fs::read(err)? })
    }

    /// Everything that runs with this state directory, whoever started it; nothing where the system has no `/proc`.
    pub fn processes(&self) -> Vec<Running> {
        let mark = format!("EXAI_STATE_DIR={}", self.state_dir().display());
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(|pid| running(pid, mark.as_bytes())).collect()
    }

    /// What the health file says now; `None`: there is none.
    pub fn health(&self) -> Option<Value> {
        let file = self.state_dir().join("logs").join("ws_daemon.health.json");
        serde_json::from_slice(&std::fs::read(file).ok()?).ok()
    }

    /// The last lines of every log of this installation.
    pub fn log_tails(&self) -> String {
        let mut files = vec![self.home.path().join("daemon.out")];
        if let Ok(entries) = std::fs::read_dir(self.state_dir().join("logs")) {
            files.extend(entries.flatten().map(|entry| entry.path()));
        }
        files.iter().map(|file| tail(file)).collect()
    }
}

impl Drop for Exai {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log_tails());
        }
        for process in self.processes() {
            kill(process.pid);
        }
    }
}

fn tail(file: &Path) -> String {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(TAIL_LINES);
    let last = lines.get(first..).unwrap_or_default().join("\n");
    format!("\n--- the end of {} ---\n{last}\n", file.display())
}

/// The process of this id, if it was started with `mark` in its environment and has not ended. A process that can't be
/// looked at is nobody's.
fn running(pid: u32, mark: &[u8]) -> Option<Running> {
    let read = |file| std::fs::read(format!("/proc/{pid}/{file}")).ok();
    let marked = read("environ")?.split(|byte| *byte == 0).any(|entry| entry == mark);
    let command = read("cmdline").filter(|command| marked && !command.is_empty())?;
    let words = command.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    Some(Running { pid, words: words.map(|word| String::from_utf8_lossy(word).into_owned()).collect() })
}

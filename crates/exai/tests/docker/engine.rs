//! The container engine, by its own command line, and the image that all tests share.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use exai_sim::process::{Child, Group, HANG, TempDir};

/// Longest time for one command: `down` waits for a container as long as compose.yaml allows, 30 s.
const COMMAND_MAX: Duration = Duration::from_secs(90);

/// Variables that compose.yaml would take from the environment instead of the test's own `.env`.
const TAKEN_BY_COMPOSE: [&str; 3] = ["EXAI_IMAGE", "EXAI_WS_PORT", "EXAI_WS_TOKEN"];

/// An engine that answers, and an image in it, which goes with this value.
pub(crate) struct Engine {
    compose: Vec<&'static str>,
    image: String,
}

impl Engine {
    /// The engine of this machine, with the image built.
    ///
    /// # Errors
    /// In words, what is missing.
    pub(crate) fn find() -> Result<Self, String> {
        run(&["docker", "version", "--format", "{{.Server.Version}}"], HANG)
            .map_err(|_| "no Docker engine answers".to_owned())?;
        #[expect(clippy::disallowed_methods, reason = "tests have no `main` that could pass it in")]
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        if !host.is_empty() && !host.starts_with("unix:") {
            return Err(format!("the Docker engine at {host} is not on this machine, where the shims are"));
        }
        let composes: [&[&'static str]; 2] = [&["docker-compose"], &["docker", "compose"]];
        let compose =
            composes.into_iter().find(|words| run(&[words, &["version"][..]].concat(), HANG).is_ok());
        let compose = compose.ok_or("there is no docker-compose")?.to_vec();
        let parts = root().join("target/image");
        if !parts.join("exai").is_file() {
            return Err("there is no target/image, which Dockerfile.prebuilt says how to make".to_owned());
        }
        let engine = Self { compose, image: format!("exai-test:{}", std::process::id()) };
        let file = root().join("Dockerfile.prebuilt");
        let words = ["docker", "build", "-t", &engine.image, "-f"];
        let paths = [file.to_string_lossy(), parts.to_string_lossy()];
        run(&[&words[..], &[&paths[0], &paths[1]]].concat(), COMMAND_MAX)?;
        Ok(engine)
    }

    /// The image's name.
    pub(crate) fn image(&self) -> &str {
        &self.image
    }

    /// Runs `docker` with these words; what it printed.
    pub(crate) fn docker(&self, words: &[&str]) -> String {
        run(&[&["docker"], words].concat(), COMMAND_MAX).unwrap()
    }

    /// Runs `docker-compose` with these words; what it printed.
    ///
    /// # Errors
    /// It fails, or does not end; with what it printed.
    pub(crate) fn compose(&self, words: &[&str]) -> Result<String, String> {
        run(&[&self.compose[..], words].concat(), COMMAND_MAX)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // What can't be removed is left to its owner.
        let _ = run(&["docker", "image", "rm", "--force", &self.image], COMMAND_MAX);
    }
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs a command to its end; stdout, and on failure both outputs.
fn run(words: &[&str], limit: Duration) -> Result<String, String> {
    let dir = TempDir::new().map_err(|error| error.to_string())?;
    let (out, err) = (dir.path().join("out"), dir.path().join("err"));
    let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command.stdout(std::fs::File::create(&out).unwrap()).stderr(std::fs::File::create(&err).unwrap());
    for name in TAKEN_BY_COMPOSE {
        command.env_remove(name);
    }
    let ended = Child::spawn(words[0], &mut command, Group::Own).and_then(|child| child.wait(limit));
    match ended {
        Ok(status) if status.success() => Ok(read(&out)),
        Ok(status) => Err(format!("`{}`: {status}\n{}{}", words.join(" "), read(&out), read(&err))),
        Err(error) => Err(format!("`{}`: {error:#}\n{}{}", words.join(" "), read(&out), read(&err))),
    }
}

//! How a server is started.

use std::path::Path;
use std::process::Command;

use crate::process::Group;

/// What happens to the server's stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stderr {
    /// It is read; the end is kept for errors.
    Read,
    /// It is a pipe that nobody reads, as with some hosts: a server that writes there without care blocks for good.
    NeverRead,
}

/// A command and how the host treats it.
#[derive(Debug)]
pub struct HostConfig {
    pub(super) command: Command,
    pub(super) stderr: Stderr,
    pub(super) group: Group,
}

impl HostConfig {
    /// A host for this command, as it is.
    pub fn new(command: Command) -> Self {
        Self { command, stderr: Stderr::Read, group: Group::Own }
    }

    /// A host for this program with an empty environment.
    pub fn program(program: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        Self::new(command)
    }

    /// Sets a variable of the server's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts the server in this directory.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Decides about the process group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    /// Decides about stderr.
    #[must_use]
    pub fn stderr(mut self, stderr: Stderr) -> Self {
        self.stderr = stderr;
        self
    }
}

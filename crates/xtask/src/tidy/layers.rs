//! Crates depend downwards only, and the inner ones on nothing that does I/O.

use super::Finding;
use super::manifest::{Dependency, Manifest};
use crate::repo::Repo;

/// Height of a crate in the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    /// Words and settings.
    L0,
    /// State machines without I/O.
    L1,
    /// Drivers: sockets, threads, files.
    L2,
    /// Programs.
    L3,
}

/// Every crate, its layer, and the crates of the house that it may name. `None`: all of them.
const CRATES: [(&str, Layer, Option<&[&str]>); 17] = [
    ("exai-wire", Layer::L0, Some(&[])),
    ("exai-settings", Layer::L0, Some(&[])),
    ("exai-mcp", Layer::L1, Some(&[])),
    ("exai-journal", Layer::L1, Some(&["exai-wire"])),
    ("exai-session", Layer::L1, Some(&["exai-wire"])),
    ("exai-provider", Layer::L1, Some(&[])),
    ("exai-tools", Layer::L1, Some(&["exai-provider"])),
    ("exai-names", Layer::L2, Some(&[])),
    ("exai-http", Layer::L2, Some(&["exai-names", "exai-provider"])),
    ("exai-journal-sqlite", Layer::L2, Some(&["exai-journal", "exai-wire"])),
    ("exai-shim", Layer::L2, Some(&["exai-mcp", "exai-names", "exai-session", "exai-settings", "exai-wire"])),
    (
        "exai-daemon",
        Layer::L2,
        Some(&[
            "exai-http",
            "exai-journal",
            "exai-journal-sqlite",
            "exai-mcp",
            "exai-names",
            "exai-provider",
            "exai-session",
            "exai-settings",
            "exai-tools",
            "exai-wire",
        ]),
    ),
    ("exai", Layer::L3, None),
    ("exai-fuzz", Layer::L3, None),
    ("exai-lab", Layer::L3, None),
    ("exai-sim", Layer::L3, Some(&["exai-journal", "exai-journal-sqlite", "exai-wire"])),
    ("xtask", Layer::L3, Some(&["exai-settings"])),
];

/// Libraries that bring a clock, a socket, a thread or randomness with them: not below L2.
const IO: [&str; 9] = [
    "axum",
    "getrandom",
    "rand",
    "reqwest",
    "rusqlite",
    "rustix",
    "tokio-rustls",
    "tokio-tungstenite",
    "tracing-appender",
];

/// What of tokio works without its runtime: channels, semaphores, `select!`.
const TOKIO_WITHOUT_IO: [&str; 2] = ["macros", "sync"];

/// Whether a path lies in a crate of the layers that take time, randomness and settings as parameters.
pub(super) fn is_without_io(path: &str) -> bool {
    let name = path.strip_prefix("crates/").and_then(|rest| rest.split('/').next());
    CRATES.iter().any(|(krate, layer, _)| Some(*krate) == name && *layer <= Layer::L1)
}

/// The arrows of `[dependencies]`; dev-dependencies are free, since tests may drive a crate with anything.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in Manifest::all(repo) {
        let Some((_, layer, allowed)) = CRATES.iter().find(|(name, ..)| *name == manifest.name) else {
            findings
                .push(Finding::of_file(&manifest.path, "a crate without a layer: give it one in layers.rs"));
            continue;
        };
        for (name, dependency) in &manifest.dependencies {
            if *layer <= Layer::L1 && does_io(name, dependency) {
                findings.push(Finding::of_file(
                    &manifest.path,
                    format!("`{name}` does I/O; {layer:?} takes what it needs as parameters"),
                ));
            }
            let inside = CRATES.iter().any(|(krate, ..)| krate == name);
            if inside && allowed.is_some_and(|allowed| !allowed.contains(&name.as_str())) {
                findings.push(Finding::of_file(
                    &manifest.path,
                    format!("`{}` may not use `{name}`: arrows point downwards only", manifest.name),
                ));
            }
        }
    }
    findings
}

fn does_io(name: &str, dependency: &Dependency) -> bool {
    let beyond = |feature: &String| !TOKIO_WITHOUT_IO.contains(&feature.as_str());
    IO.contains(&name) || (name == "tokio" && dependency.features.iter().any(beyond))
}

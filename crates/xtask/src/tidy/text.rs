//! What no text of the repository holds.

use super::Finding;
use crate::repo::Repo;

/// Names of files that are written by hand, by their ending.
const WRITTEN: [&str; 7] = [".rs", ".md", ".toml", ".ci/run", ".env.example", ".json", ".gitignore"];

/// Unfinished work belongs into the list of open issues, where somebody looks for it.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Hosts of package registries. Which one a machine's clients use is their configuration's matter; a host
/// named here would be wrong behind a mirror. (Cargo.lock names cargo's own, and is not looked at.)
const REGISTRY_HOSTS: [&str; 5] = [
    concat!("crates", ".io"),
    concat!("docs", ".rs"),
    concat!("npmjs", ".org"),
    concat!("pypi", ".org"),
    concat!("debian", ".org"),
];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in WRITTEN.iter().flat_map(|suffix| repo.ending(suffix)) {
        for (index, line) in text.lines().enumerate() {
            if let Some(message) = objection(line) {
                findings.push(Finding::at(path, index, message));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            findings.push(Finding::of_file(path, "the last line has no end"));
        }
    }
    findings
}

fn objection(line: &str) -> Option<String> {
    if line.ends_with([' ', '\t', '\r']) {
        return Some("space at the end of the line".to_owned());
    }
    if line.contains('\t') {
        return Some("a tab: use spaces, or \\t in a string".to_owned());
    }
    if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
        return Some(format!("{word}: finish it, or open an issue"));
    }
    REGISTRY_HOSTS
        .iter()
        .find(|host| line.contains(**host))
        .map(|host| format!("names the registry host {host}"))
}

//! Models come and go every few months: they stand in a file that people can override, and no code names one.

use super::{Finding, code_lines, is_test_file};
use crate::repo::Repo;

/// Where they are named.
const CATALOGUE: &str = "crates/exai-provider/src/models.toml";

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let ids: Vec<&str> = repo.text(CATALOGUE).unwrap_or_default().lines().filter_map(id).collect();
    let sources = repo
        .ending(".rs")
        .filter(|(path, _)| path.starts_with("crates/") && path.contains("/src/") && !is_test_file(path));
    let mut findings = Vec::new();
    for (path, text) in sources {
        for (index, line) in code_lines(text) {
            if let Some(id) = ids.iter().find(|id| names(line, id)) {
                let message =
                    format!("model `{id}` in code: {CATALOGUE} is the place for what differs between models");
                findings.push(Finding::at(path, index, message));
            }
        }
    }
    findings
}

fn id(line: &str) -> Option<&str> {
    line.strip_prefix("id = \"")?.strip_suffix('"')
}

/// Whether the id stands in a line as a word, or as the beginning of a longer id.
fn names(line: &str, id: &str) -> bool {
    let is_inside = |before: &str| before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    line.match_indices(id).any(|(at, _)| line.get(..at).is_some_and(|before| !is_inside(before)))
}

//! A dependency is a decision: one version for the whole repository, one line that gives the reason, few of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::manifest::{Declared, Manifest, Source, workspace_dependencies};
use crate::repo::Repo;

const DOCUMENT: &str = "docs/dependencies.md";

/// Most direct dependencies of the workspace, those of tests included. Each is code that nobody here reads
/// in review, and a release to follow.
const DIRECT_MAX: usize = 35;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_name: BTreeMap<String, Declared> = BTreeMap::new();
    for again in workspace_dependencies(repo) {
        let first = by_name.entry(again.name.clone()).or_insert_with(|| again.clone());
        if first.version != again.version {
            let message = format!(
                "`{}` is {:?} here and {:?} in {}",
                again.name, again.version, first.version, first.path
            );
            findings.push(Finding::of_file(again.path, message));
        }
    }
    let declared: BTreeSet<String> = by_name.keys().cloned().collect();
    if declared.len() > DIRECT_MAX {
        let message = format!("{} direct dependencies; {DIRECT_MAX} are the limit", declared.len());
        findings.push(Finding::of_file("Cargo.toml", message));
    }
    let used = used(repo, &mut findings);
    for name in declared.difference(&used) {
        let path = by_name.get(name).map_or("Cargo.toml", |declared| declared.path);
        findings.push(Finding::of_file(path, format!("`{name}` is used by no crate: remove it")));
    }
    let documented = documented(repo.text(DOCUMENT).unwrap_or_default());
    for name in declared.difference(&documented) {
        let message = format!("no line for `{name}`: | `{name}` | why | what instead |");
        findings.push(Finding::of_file(DOCUMENT, message));
    }
    for name in documented.difference(&declared) {
        findings.push(Finding::of_file(DOCUMENT, format!("`{name}` is no dependency any more")));
    }
    findings
}

/// Names that any crate takes from the workspace; a version of a crate's own is a finding.
fn used(repo: &Repo, findings: &mut Vec<Finding>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for manifest in Manifest::all(repo) {
        for (name, dependency) in manifest.dependencies.iter().chain(&manifest.other) {
            // A crate may name itself, to switch features on for its tests.
            if dependency.source == Source::Own && *name != manifest.name {
                let message = format!("`{name}`: declare it in the workspace, so that it has one version");
                findings.push(Finding::of_file(&manifest.path, message));
            }
            used.insert(name.clone());
        }
    }
    used
}

/// Names with a table line whose two other cells say something.
fn documented(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.trim_end_matches('|').split(" | ");
            let name = cells.next()?.trim().strip_suffix('`')?;
            let filled = cells.filter(|cell| !cell.trim().is_empty()).count();
            (filled == 2).then(|| name.to_owned())
        })
        .collect()
}

//! Relative links in Markdown lead somewhere.

use super::Finding;
use crate::repo::Repo;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repo.ending(".md") {
        for (index, line) in text.lines().enumerate() {
            for target in targets(line) {
                if !repo.exists(&resolve(path, target)) {
                    findings.push(Finding::at(path, index, format!("the link to `{target}` leads nowhere")));
                }
            }
        }
    }
    findings
}

/// Relative link targets of a line, without their anchors.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty())
}

/// The path from the root that `target` means in the file `from`.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

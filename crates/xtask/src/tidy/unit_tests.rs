//! Unit tests stand in files of their own, and all of them run.

use super::{Finding, code_lines};
use crate::repo::Repo;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repo.ending(".rs") {
        for (index, line) in code_lines(text) {
            let line = line.trim_start();
            if line.starts_with("mod tests {") {
                findings.push(Finding::at(path, index, "inline tests: `mod tests;` and a file tests.rs"));
            }
            if line.starts_with("#[ignore") {
                findings.push(Finding::at(path, index, "an ignored test rots: mend it or delete it"));
            }
        }
    }
    findings
}

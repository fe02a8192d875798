//! The layers without I/O take clock, randomness and environment as parameters: that is what makes the same
//! seed give the same trace. (`HashMap` is out for its random order.) Clippy can't ban a call in some crates
//! only, so this scans their text.

use super::{Finding, code_lines, is_test_file, layers};
use crate::repo::Repo;

/// What reaches around the parameters.
const AMBIENT: [&str; 14] = [
    "Instant::now",
    "SystemTime::now",
    "UNIX_EPOCH",
    "std::env::",
    "std::fs::",
    "std::thread::",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "tokio::time",
    "tokio::net",
    "getrandom",
    "HashMap",
];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let sources = repo
        .ending(".rs")
        .filter(|(path, _)| layers::is_without_io(path) && path.contains("/src/") && !is_test_file(path));
    let mut findings = Vec::new();
    for (path, text) in sources {
        for (index, line) in code_lines(text) {
            for needle in AMBIENT.iter().filter(|needle| line.contains(**needle)) {
                let message = format!("`{needle}` in a layer without I/O: take it as a parameter");
                findings.push(Finding::at(path, index, message));
            }
        }
    }
    findings
}

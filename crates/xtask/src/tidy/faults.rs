//! Every fault of the matrix has a test.

use super::{Finding, code_lines, is_test_file};
use crate::repo::Repo;

/// Where most of them are; the others stand where their sockets and processes are.
const HOME: &str = "crates/exai-provider/src/providers/tests/faults.rs";

/// F01 to this one.
const LAST: u32 = 34;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    if repo.text(HOME).is_none() {
        return Vec::new();
    }
    let tests = repo.ending(".rs").filter(|(path, _)| is_test_file(path));
    let names: Vec<&str> =
        tests.flat_map(|(_, text)| code_lines(text)).filter_map(|(_, line)| name(line)).collect();
    let lacks = |number: &u32| {
        let beginning = format!("f{number:02}_");
        !names.iter().any(|name| name.starts_with(&beginning))
    };
    let finding = |number| {
        let message = format!("no test is called `f{number:02}_…`: the fault F{number:02} is shown nowhere");
        Finding::of_file(HOME, message)
    };
    (1..=LAST).filter(lacks).map(finding).collect()
}

/// The name of the function that begins on this line.
fn name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_beginning = ["", "async ", "pub(super) ", "pub(super) async "].contains(&before.trim_start());
    is_beginning.then(|| after.split(['(', '<']).next()).flatten()
}

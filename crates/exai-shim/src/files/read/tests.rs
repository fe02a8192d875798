#![cfg(unix)]

use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use super::{check, open};
use crate::files::FileProblem;

#[test]
fn a_pipe_that_took_the_place_of_a_file_is_opened_without_waiting_and_refused() {
    let directory = TempDir::new().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let opened = open(&pipe).unwrap();
    assert_eq!(check(&opened.metadata().unwrap()), Err(FileProblem::NotRegular));
}

#[test]
fn a_link_that_took_the_place_of_a_file_is_not_followed() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("a"), "x").unwrap();
    symlink(directory.path().join("a"), directory.path().join("link")).unwrap();
    assert!(open(&directory.path().join("link")).is_err());
}

use std::path::PathBuf;

use super::{Location, unescape};
use crate::files::{FileProblem, FileRules};

fn rules() -> FileRules {
    FileRules {
        roots: vec![PathBuf::from("/no/such/root")],
        home: Some(PathBuf::from("/no/such/root/home")),
        working_directory: Some(PathBuf::from("/no/such/root/project")),
        secret_files: Vec::new(),
    }
}

fn problem(given: &str) -> FileProblem {
    let rules = rules();
    Location::new(&rules).of(given).unwrap_err()
}

#[test]
fn a_relative_path_is_refused_with_what_may_be_meant() {
    let hint = Some("/no/such/root/project/src/main.rs".to_owned());
    assert_eq!(problem("src/main.rs"), FileProblem::Relative { hint });
}

#[test]
fn what_is_no_local_path_is_told_apart() {
    assert_eq!(problem(" "), FileProblem::Empty);
    assert_eq!(problem("https://example.org/a"), FileProblem::NotLocal);
    assert_eq!(problem("file://server/share/a"), FileProblem::NotLocal);
    assert_eq!(problem("file:///a%zz"), FileProblem::NotLocal);
    assert_eq!(problem("~other/a"), FileProblem::NoHome);
}

#[test]
fn home_and_file_urls_are_resolved() {
    for given in ["~/a b", "file:///no/such/root/home/a%20b", "file://localhost/no/such/root/home/a%20b"] {
        assert_eq!(problem(given), FileProblem::Missing, "{given}");
    }
    assert_eq!(unescape("/a%C3%A9%2f"), Some("/aé/".to_owned()));
    assert_eq!(unescape("/%ff"), None);
    assert_eq!(unescape("/%4"), None);
}

#[test]
fn whether_a_file_exists_outside_of_the_roots_is_not_told() {
    let outside = FileProblem::Outside { roots: "/no/such/root".to_owned() };
    assert_eq!(problem("/etc/hostname-that-is-not-there"), outside);
    assert_eq!(problem("/"), outside);
}

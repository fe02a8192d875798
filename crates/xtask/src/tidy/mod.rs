//! All checks.

use std::fmt;

use crate::repo::Repo;

mod ambient;
mod dependencies;
mod faults;
mod generated;
mod layers;
mod length;
mod links;
mod manifest;
mod model_names;
mod text;
mod unit_tests;

#[cfg(test)]
mod tests;

/// One breach of a rule: where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path relative to the root.
    pub path: String,
    /// Line, counted from 1; none where the finding is about the whole file.
    pub line: Option<usize>,
    /// What is wrong and what to do instead.
    pub message: String,
}

impl Finding {
    fn of_file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into() }
    }

    fn at(path: &str, line_index: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line_index + 1), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// Runs every check.
pub fn all(repo: &Repo) -> Vec<Finding> {
    [
        layers::check,
        dependencies::check,
        length::check,
        ambient::check,
        model_names::check,
        unit_tests::check,
        faults::check,
        generated::check,
        text::check,
        links::check,
    ]
    .iter()
    .flat_map(|check| check(repo))
    .collect()
}

/// Whether a Rust file is compiled for tests only, by the naming rule of the house.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

/// Lines of Rust code with their index, without those that are only a comment.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

//! Generated files are what their source says.

use super::Finding;
use crate::generate;
use crate::repo::Repo;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    generate::files()
        .into_iter()
        .filter(|(path, text)| repo.text(path) != Some(text.as_str()))
        .map(|(path, _)| Finding::of_file(&path, "out of step with its source: run `cargo xtask generate`"))
        .collect()
}

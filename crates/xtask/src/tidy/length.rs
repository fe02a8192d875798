//! Files that can be read in one sitting. (Functions are clippy's: `too-many-lines-threshold`.)

use super::Finding;
use crate::repo::Repo;

/// Most lines of a Rust file, tests included.
const LINES_MAX: usize = 500;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    repo.ending(".rs")
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            let message = format!("{lines} lines; {LINES_MAX} are the limit: split it by noun, not by size");
            (lines > LINES_MAX).then(|| Finding::of_file(path, message))
        })
        .collect()
}

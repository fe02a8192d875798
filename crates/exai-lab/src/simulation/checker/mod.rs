//! One checker for each kind of promise. Each reads the history once and knows nothing of how the promises are kept.

mod adoption;
mod answers;
mod bills;
mod bytes;
mod kept;
mod links;
mod stays;
mod unknown;

use super::history::{History, Violation};

pub(super) fn check(history: &History) -> Vec<Violation> {
    let checks: [fn(&History) -> Vec<Violation>; 8] = [
        answers::check,
        bytes::check,
        bills::check,
        kept::check,
        adoption::check,
        stays::check,
        unknown::check,
        links::check,
    ];
    let mut violations: Vec<Violation> = checks.iter().flat_map(|check| check(history)).collect();
    violations.sort_by_key(|violation| violation.at);
    violations
}

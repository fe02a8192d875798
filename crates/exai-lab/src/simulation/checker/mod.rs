//! One checker for each kind of promise. Each reads the history once and knows nothing of how the promises are kept.

mod adoption;
mod answers;
mod bills;
mod bytes;
mod kept;
mod links;
mod stays;
mod unknown;

use std::collections::BTreeSet;
use std::time::Duration;

use exai_journal::{Kind, Row};
use exai_wire::Record;

use super::history::{History, Invariant, Violation};

/// What one checker finds.
#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, invariant: Invariant, at: Duration, text: String) {
        self.0.push(Violation { invariant, at, text });
    }
}

pub(super) fn check(history: &History) -> Vec<Violation> {
    let checks: [fn(&History) -> Found; 8] = [
        answers::check,
        bytes::check,
        bills::check,
        kept::check,
        adoption::check,
        stays::check,
        unknown::check,
        links::check,
    ];
    let mut violations: Vec<Violation> = checks.iter().flat_map(|check| check(history).0).collect();
    violations.sort_by_key(|violation| violation.at);
    violations
}

/// Attempts that begin in these rows.
fn started<'a>(rows: impl Iterator<Item = &'a Row>) -> BTreeSet<u32> {
    let begun = rows.filter(|row| row.kind == Kind::Started);
    begun
        .filter_map(|row| match row.clone().record() {
            Ok(Record::Started { attempt, .. }) => Some(attempt.n),
            _ => None,
        })
        .collect()
}

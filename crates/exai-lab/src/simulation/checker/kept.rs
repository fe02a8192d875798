//! What a shim was told is in the journal at every later start, and each start has a higher epoch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_journal::{Kind, Row};
use exai_wire::{CallId, Class, Epoch};

use super::bytes::NOT_KEPT;
use super::{Found, started};
use crate::simulation::history::{Happening, Heard, History, Invariant};
use crate::simulation::names::Lineage;

#[derive(Default)]
struct Promise {
    accepted: bool,
    started: BTreeSet<u32>,
    body: Option<String>,
}

#[derive(Default)]
struct Book {
    pure: BTreeSet<CallId>,
    promises: BTreeMap<(Lineage, CallId), Promise>,
    epochs: BTreeMap<Lineage, Epoch>,
    found: Found,
}

pub(super) fn check(history: &History) -> Found {
    let mut book = Book::default();
    for (at, what) in history.iter() {
        match what {
            Happening::Asked(asked) if asked.class == Class::Pure => {
                book.pure.insert(asked.call);
            }
            Happening::Heard { lineage, call, what, .. } if !book.pure.contains(call) => {
                book.heard(*lineage, *call, what);
            }
            Happening::Buried(call) => book.promises.retain(|(_, promised), _| promised != call),
            Happening::Boot { lineage, epoch, rows, known, .. } => {
                book.booted(at, *lineage, *epoch);
                book.compare(at, *lineage, rows, known);
            }
            _ => {}
        }
    }
    book.found
}

impl Book {
    fn heard(&mut self, lineage: Lineage, call: CallId, what: &Heard) {
        let promise = self.promises.entry((lineage, call)).or_default();
        match what {
            Heard::Accepted => promise.accepted = true,
            Heard::Started(n) => {
                promise.accepted = true;
                promise.started.insert(*n);
            }
            Heard::Result { body, .. } if !body.contains(NOT_KEPT) => promise.body = Some(body.clone()),
            Heard::Result { .. } | Heard::Refused(_) => {}
        }
    }

    fn booted(&mut self, at: Duration, lineage: Lineage, epoch: Epoch) {
        let before = self.epochs.insert(lineage, epoch);
        if before.is_some_and(|before| before >= epoch) {
            let text = format!("epoch {} after {before:?} on {lineage}", epoch.0);
            self.found.add(Invariant::EpochRises, at, text);
        }
    }

    fn compare(&mut self, at: Duration, lineage: Lineage, rows: &[Row], known: &BTreeSet<CallId>) {
        let mut lost = BTreeSet::new();
        for ((_, call), promise) in self.promises.iter().filter(|((of, _), _)| *of == lineage) {
            let of_call: Vec<&Row> = rows.iter().filter(|row| row.call_id == *call).collect();
            if let Some(what) = missing(&of_call, promise, known.contains(call)) {
                self.found.add(Invariant::Kept, at, format!("{call:?}: {what}"));
                lost.insert(*call);
            }
        }
        // Each loss is told of once.
        self.promises.retain(|(_, call), _| !lost.contains(call));
    }
}

fn missing(rows: &[&Row], promise: &Promise, known: bool) -> Option<String> {
    let has = |kind| rows.iter().any(|row| row.kind == kind);
    let done = rows.iter().find(|row| row.kind == Kind::Done);
    if promise.accepted && !has(Kind::Accepted) {
        return Some("was told to be accepted, and is not on the disk".to_owned());
    }
    if let Some(n) = promise.started.difference(&started(rows.iter().copied())).next() {
        return Some(format!("attempt {n} was told, and is not on the disk"));
    }
    match (&promise.body, done.map(|row| row.load.as_ref())) {
        (Some(_), None) => return Some("its end was told, and is not on the disk".to_owned()),
        (Some(told), Some(Some(kept))) if told != kept => {
            return Some(format!("{told} was told, {kept} is kept"));
        }
        _ => {}
    }
    let promised = promise.accepted || promise.body.is_some();
    (promised && !known).then(|| "is on the disk, and the daemon does not know it".to_owned())
}

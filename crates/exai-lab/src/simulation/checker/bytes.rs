//! All deliveries of a call are the same, byte for byte; one that could not be kept may differ, once.

use std::collections::{BTreeMap, BTreeSet};

use exai_wire::{CallId, Class, Outcome};

use super::Found;
use crate::simulation::history::{Happening, Heard, History, Invariant};
use crate::simulation::names::Lineage;

/// What a daemon says of an answer that its journal did not take.
pub(super) const NOT_KEPT: &str = "not kept:";

type Said<'a> = (Outcome, &'a str, u32);

pub(super) fn check(history: &History) -> Found {
    let mut pure = BTreeSet::new();
    let mut said: BTreeMap<(CallId, Lineage), Said<'_>> = BTreeMap::new();
    let mut unkept = BTreeSet::new();
    let mut found = Found::default();
    for (at, what) in history.iter() {
        let mut find = |text| found.add(Invariant::SameBytes, at, text);
        match what {
            Happening::Asked(asked) if asked.class == Class::Pure => {
                pure.insert(asked.call);
            }
            // Whatever comes then is said of a call that nobody knows.
            Happening::Buried(call) => said.retain(|(of, _), _| of != call),
            Happening::Heard { shim, lineage, call, what: Heard::Result { outcome, body, attempts, .. } }
                if !pure.contains(call) =>
            {
                if body.contains(NOT_KEPT) {
                    if !unkept.insert((*shim, *call, *lineage)) {
                        find(format!("{call:?} is delivered to {shim} twice without being kept"));
                    }
                    continue;
                }
                let now = (*outcome, body.as_str(), *attempts);
                let before = *said.entry((*call, *lineage)).or_insert(now);
                if before != now {
                    find(format!("{call:?} was {before:?}, and is {now:?}"));
                }
            }
            _ => {}
        }
    }
    found
}

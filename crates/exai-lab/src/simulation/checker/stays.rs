//! What must not begin: an attempt for nobody, and anything of a call that was cancelled.

use std::collections::{BTreeMap, BTreeSet};

use exai_wire::Outcome;

use super::Found;
use crate::simulation::history::{Happening, Heard, History, Invariant};

pub(super) fn check(history: &History) -> Found {
    let mut asks = BTreeMap::new();
    let (mut cancelled, mut over) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Found::default();
    for (at, what) in history.iter() {
        match what {
            Happening::Asked(asked) => {
                asks.insert(asked.ask, (asked.shim, asked.call));
            }
            Happening::Cancelled(ask) => cancelled.extend(asks.get(ask).copied()),
            Happening::Heard { shim, call, what: Heard::Result { .. }, .. }
                if cancelled.contains(&(*shim, *call)) =>
            {
                over.insert(*call);
            }
            Happening::Ended { call, outcome: Outcome::Cancelled, .. } => {
                over.insert(*call);
            }
            Happening::VolumeGone { .. } => over.clear(),
            Happening::Billed { call, attempt, .. } if over.contains(call) => {
                let text = format!("attempt {attempt} of {call:?}, which is cancelled");
                found.add(Invariant::CancelledStays, at, text);
            }
            Happening::Starts { call, sponsored: false } => {
                found.add(Invariant::NobodyPays, at, format!("an attempt of {call:?} begins for nobody"));
            }
            _ => {}
        }
    }
    found
}

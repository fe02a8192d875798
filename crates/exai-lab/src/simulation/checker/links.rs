//! What is judged at the moment, and verdicts on peers that live.

use super::Found;
use crate::simulation::history::{Happening, History, Invariant};

pub(super) fn check(history: &History) -> Found {
    let mut found = Found::default();
    for (at, what) in history.iter() {
        match what {
            Happening::Broken(invariant, text) => found.add(*invariant, at, text.clone()),
            Happening::Verdict { shim, disturbed: false } => {
                found.add(Invariant::NoDeadVerdict, at, format!("{shim} gives up a daemon that lives"));
            }
            Happening::WrongText(call) => {
                let text = format!("{call:?} is handed a text that no provider wrote");
                found.add(Invariant::TrueText, at, text);
            }
            _ => {}
        }
    }
    found
}

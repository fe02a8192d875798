//! What is judged at the moment, and verdicts on peers that live.

use crate::simulation::history::{Happening, History, Invariant, Violation};

pub(super) fn check(history: &History) -> Vec<Violation> {
    let judged = history.iter().filter_map(|(at, what)| match what {
        Happening::Broken(invariant, text) => {
            Some(Violation { invariant: *invariant, at, text: text.clone() })
        }
        Happening::Verdict { shim, disturbed: false } => {
            let text = format!("{shim} gives up a daemon that lives");
            Some(Violation { invariant: Invariant::NoDeadVerdict, at, text })
        }
        Happening::WrongText(call) => {
            let text = format!("{call:?} is handed a text that no provider wrote");
            Some(Violation { invariant: Invariant::TrueText, at, text })
        }
        _ => None,
    });
    judged.collect()
}

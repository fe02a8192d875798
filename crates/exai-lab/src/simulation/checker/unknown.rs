//! "May have run" is said of effects only, and only where something happened after which nobody can know.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_wire::{CallId, Class, Outcome};

use super::Found;
use crate::simulation::history::{Answer, Asked, Happening, History, Invariant};

/// The executor's time is shorter than the call's by this much at most.
const MARGIN: Duration = Duration::from_millis(2500);

pub(super) fn check(history: &History) -> Found {
    let mut asked: BTreeMap<_, (Duration, Asked)> = BTreeMap::new();
    let mut takes = BTreeMap::new();
    let (mut began, mut cancelled) = (BTreeSet::new(), BTreeSet::new());
    let (mut stopped, mut lost) = (Vec::new(), Vec::new());
    let mut found = Found::default();
    for (at, what) in history.iter() {
        match what {
            Happening::Asked(ask) => {
                asked.insert(ask.ask, (at, ask.clone()));
            }
            Happening::Taken { by, from, .. } => {
                takes.insert(*by, *from);
            }
            Happening::Starts { call, .. } => {
                began.insert(*call);
            }
            Happening::Cancelled(ask) => cancelled.extend(asked.get(ask).map(|(_, ask)| ask.call)),
            Happening::DaemonEnded | Happening::Boot { .. } | Happening::Draining => stopped.push(at),
            Happening::VolumeGone { .. } => lost.push(at),
            Happening::HandedOut(ask, Answer::Result { outcome: Outcome::OutcomeUnknown, .. }) => {
                let Some((_, ask)) = asked.get(ask) else { continue };
                let calls = chain(ask.call, &takes);
                let begin = asked.values().filter(|(_, other)| calls.contains(&other.call));
                let since = begin.clone().map(|(at, _)| *at).min().unwrap_or_default();
                let late = begin.clone().any(|(_, other)| at + MARGIN >= other.deadline);
                let stale = begin.clone().any(|(_, other)| other.stale);
                let any = |moments: &[Duration]| moments.iter().any(|moment| *moment >= since);
                let may_have_begun =
                    calls.iter().any(|call| began.contains(call)) || any(&lost) || late || stale;
                let cause = any(&stopped)
                    || any(&lost)
                    || stale
                    || late
                    || takes.contains_key(&ask.call)
                    || calls.iter().any(|call| cancelled.contains(call));
                if ask.class != Class::Effect || !may_have_begun || !cause {
                    let text = format!("{} {:?} {:?} is said to be unknown", ask.ask, ask.class, ask.call);
                    found.add(Invariant::UnknownWhereTrue, at, text);
                }
            }
            _ => {}
        }
    }
    found
}

/// A call, and those whose answers it takes over.
fn chain(call: CallId, takes: &BTreeMap<CallId, CallId>) -> Vec<CallId> {
    let mut all = vec![call];
    while let Some(from) = all.last().and_then(|last| takes.get(last)).filter(|from| !all.contains(from)) {
        all.push(*from);
    }
    all
}

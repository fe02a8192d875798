//! Answers that are given to those who ask the same again: once, and not while somebody waits for them; and effects, which
//! asking again does not repeat.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_wire::{CallId, Class, Outcome};

use crate::simulation::history::{Asked, Happening, History, Invariant, Violation};
use crate::simulation::names::QuestionNo;

#[derive(Default)]
struct Book {
    adopt: Duration,
    takes: BTreeMap<CallId, CallId>,
    /// Effects with a key of their own, and when they were asked for last.
    effects: BTreeMap<CallId, (QuestionNo, Duration)>,
    took_place: BTreeMap<QuestionNo, BTreeMap<CallId, Duration>>,
    /// Effects after which the next one is another: their answer is known, or nobody can know of them.
    closed: BTreeSet<CallId>,
    /// Effects that a daemon had to take for new ones.
    unaware: BTreeSet<CallId>,
    found: Vec<Violation>,
}

pub(super) fn check(history: &History) -> Vec<Violation> {
    let mut book = Book { adopt: history.adopt, ..Book::default() };
    for (at, what) in history.iter() {
        book.read(at, what);
    }
    book.found
}

impl Book {
    fn find(&mut self, invariant: Invariant, at: Duration, text: String) {
        self.found.push(Violation { invariant, at, text });
    }

    fn read(&mut self, at: Duration, what: &Happening) {
        match what {
            Happening::Asked(Asked { call, question, class: Class::Effect, keyed: true, .. }) => {
                self.effects.insert(*call, (*question, at));
            }
            Happening::Taken { by, from, live } => {
                if *live {
                    let text = format!("{by:?} takes over {from:?}, whose host waits");
                    self.find(Invariant::LiveNotAdopted, at, text);
                }
                if let Some((other, _)) = self.takes.iter().find(|(_, taken)| *taken == from) {
                    let text = format!("{by:?} takes over {from:?} after {other:?}");
                    self.find(Invariant::AdoptedOnce, at, text);
                }
                self.takes.insert(*by, *from);
            }
            Happening::VolumeGone { .. } => {
                self.takes.clear();
                self.close_all();
            }
            Happening::WallJumped => self.close_all(),
            Happening::AskedAnew { call, believed: true } => {
                self.unaware.insert(*call);
            }
            Happening::Ended { call, outcome: Outcome::Error | Outcome::Cancelled }
            | Happening::Buried(call) => {
                self.closed.insert(*call);
            }
            Happening::Billed { call, .. } => self.billed(at, *call),
            _ => {}
        }
    }

    fn close_all(&mut self) {
        let all: Vec<CallId> = self.effects.keys().copied().collect();
        self.closed.extend(all);
    }

    fn billed(&mut self, at: Duration, call: CallId) {
        let Some((question, asked)) = self.effects.get(&call).copied() else { return };
        let before = self.took_place.entry(question).or_default();
        let span = self.adopt;
        let still = |(other, since): &(&CallId, &Duration)| {
            **other != call && !self.closed.contains(other) && asked < **since + span
        };
        let repeated = before.iter().find(still).map(|(other, _)| *other);
        before.insert(call, at);
        if let Some(other) = repeated.filter(|_| !self.unaware.contains(&call)) {
            let text = format!("{call:?} repeats {other:?}, {question}");
            self.find(Invariant::EffectOnce, at, text);
        }
    }
}

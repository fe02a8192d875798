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
    /// Effects with a key of their own.
    effects: BTreeMap<CallId, QuestionNo>,
    took_place: BTreeMap<QuestionNo, BTreeSet<CallId>>,
    /// When a daemon took an effect for a new one.
    anew: BTreeMap<CallId, Duration>,
    ended: BTreeMap<CallId, Duration>,
    jumped: bool,
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
                self.effects.insert(*call, *question);
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
            // Daemons look at it when they start.
            Happening::WallJumped => self.jumped = true,
            Happening::Boot { .. } if std::mem::take(&mut self.jumped) => self.close_all(),
            Happening::AskedAnew { call, believed } => {
                self.anew.insert(*call, at);
                if *believed {
                    self.unaware.insert(*call);
                }
            }
            Happening::Ended { call, outcome: Outcome::Ok | Outcome::OutcomeUnknown, late } => {
                self.ended.entry(*call).or_insert(at.saturating_sub(*late));
            }
            Happening::Ended { call, outcome: Outcome::Error | Outcome::Cancelled, .. }
            | Happening::Buried(call)
            | Happening::Acked { call, .. } => {
                self.close(*call);
            }
            Happening::Billed { call, .. } => self.billed(at, *call),
            _ => {}
        }
    }

    /// The answer of a call, and of those that it took over, can be given to nobody any more.
    fn close(&mut self, call: CallId) {
        let mut next = Some(call);
        while let Some(call) = next.filter(|call| self.closed.insert(*call)) {
            next = self.takes.get(&call).copied();
        }
    }

    fn close_all(&mut self) {
        let all: Vec<CallId> = self.effects.keys().copied().collect();
        self.closed.extend(all);
    }

    fn billed(&mut self, at: Duration, call: CallId) {
        let Some(question) = self.effects.get(&call).copied() else { return };
        let (anew, span) = (self.anew.get(&call).copied().unwrap_or(at), self.adopt);
        let young = |other: &CallId| self.ended.get(other).is_none_or(|ended| anew < *ended + span);
        let before = self.took_place.entry(question).or_default();
        let still = |other: &&CallId| **other != call && !self.closed.contains(other) && young(other);
        let repeated = before.iter().find(still).copied().filter(|_| !span.is_zero());
        before.insert(call);
        if let Some(other) = repeated.filter(|_| !self.unaware.contains(&call)) {
            let text = format!("{call:?} repeats {other:?}, {question}");
            self.find(Invariant::EffectOnce, at, text);
        }
    }
}

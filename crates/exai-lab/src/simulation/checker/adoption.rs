//! Answers that are given to those who ask the same again: once, and not while somebody waits for them; and effects, which
//! asking again does not repeat.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_wire::{CallId, Class, Outcome};

use super::Found;
use crate::simulation::history::{Asked, Happening, History, Invariant};
use crate::simulation::names::{AskNo, QuestionNo};

/// The executor's time is shorter than the call's by this much at most.
const MARGIN: Duration = Duration::from_millis(2500);

#[derive(Default)]
struct Book {
    adopt: Duration,
    takes: BTreeMap<CallId, CallId>,
    asks: BTreeMap<AskNo, CallId>,
    deadlines: BTreeMap<CallId, Duration>,
    /// Calls that ended without an answer.
    left: BTreeSet<CallId>,
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
    found: Found,
}

pub(super) fn check(history: &History) -> Found {
    let mut book = Book { adopt: history.adopt, ..Book::default() };
    for (at, what) in history.iter() {
        book.read(at, what);
    }
    book.found
}

impl Book {
    fn read(&mut self, at: Duration, what: &Happening) {
        match what {
            Happening::Asked(Asked { ask, call, question, class, keyed, deadline, .. }) => {
                self.asks.insert(*ask, *call);
                self.deadlines.insert(*call, *deadline);
                if *class == Class::Effect && *keyed {
                    self.effects.insert(*call, *question);
                }
            }
            Happening::Cancelled(ask) => self.left.extend(self.asks.get(ask)),
            Happening::Taken { by, from, live } => {
                if *live {
                    let text = format!("{by:?} takes over {from:?}, whose host waits");
                    self.found.add(Invariant::LiveNotAdopted, at, text);
                }
                let others = self.takes.iter().filter(|(_, taken)| *taken == from);
                if let Some((other, _)) = others.into_iter().find(|(other, _)| !self.has_left(at, **other)) {
                    let text = format!("{by:?} takes over {from:?} after {other:?}");
                    self.found.add(Invariant::AdoptedOnce, at, text);
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
                if matches!(what, Happening::Ended { .. }) {
                    self.left.insert(*call);
                }
                self.close(*call);
            }
            Happening::Billed { call, .. } => self.billed(at, *call),
            _ => {}
        }
    }

    /// Whether a call has left what it took over to the next one: it was cancelled, failed, or had no time.
    fn has_left(&self, at: Duration, call: CallId) -> bool {
        let late = self.deadlines.get(&call).is_some_and(|deadline| *deadline <= at + MARGIN);
        late || self.left.contains(&call)
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
            self.found.add(Invariant::EffectOnce, at, text);
        }
    }
}

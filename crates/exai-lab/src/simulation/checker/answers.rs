//! Answers: one for each request, in time, the right one, and acknowledged after it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_session::{EndWhy, Fate};
use exai_wire::{CallId, Outcome};

use super::Found;
use crate::simulation::history::{Answer, Asked, Happening, History, Invariant};
use crate::simulation::names::{AskNo, ShimNo};

/// After its deadline.
const GRACE: Duration = Duration::from_secs(2);
/// Where nothing fails any more: silence, attempts, the queue.
const SOON: Duration = Duration::from_secs(150);

#[derive(Default)]
struct Book {
    asked: BTreeMap<AskNo, (Duration, Asked)>,
    answered: BTreeMap<AskNo, Answer>,
    /// Cancelled, or without a shim.
    closed: BTreeSet<AskNo>,
    /// Results that hosts have, and those that nobody wants any more.
    may_ack: BTreeSet<(ShimNo, CallId)>,
    pauses: Vec<(ShimNo, Duration, Duration)>,
    takes: BTreeMap<CallId, CallId>,
    billed: BTreeSet<CallId>,
    /// Calls that hosts take for such that did not run, and have not asked for again.
    not_sent: BTreeSet<CallId>,
    calm: Option<Duration>,
    roomy: bool,
    found: Found,
}

pub(super) fn check(history: &History) -> Found {
    let mut book = Book { roomy: history.roomy, ..Book::default() };
    for (at, what) in history.iter() {
        book.read(at, what);
    }
    book.found
}

impl Book {
    fn read(&mut self, at: Duration, what: &Happening) {
        match what {
            Happening::Asked(asked) => {
                self.not_sent.remove(&asked.call);
                self.asked.insert(asked.ask, (at, asked.clone()));
            }
            Happening::Cancelled(ask) => {
                self.closed.insert(*ask);
                if let Some((_, asked)) = self.asked.get(ask) {
                    self.may_ack.insert((asked.shim, asked.call));
                }
            }
            Happening::ShimEnded(shim) => {
                let of_it = self.asked.values().filter(|(_, asked)| asked.shim == *shim);
                let of_it: Vec<AskNo> = of_it.map(|(_, asked)| asked.ask).collect();
                self.closed.extend(of_it);
            }
            Happening::ShimPaused { shim, since } => self.pauses.push((*shim, *since, at)),
            Happening::HandedOut(ask, answer) => self.handed_out(at, *ask, answer),
            Happening::Told(ask) => {
                if let (Some((_, asked)), Some(Answer::Result { .. })) =
                    (self.asked.get(ask), self.answered.get(ask))
                {
                    self.may_ack.insert((asked.shim, asked.call));
                }
            }
            Happening::Acked { shim, call } if !self.may_ack.contains(&(*shim, *call)) => {
                self.found.add(Invariant::AckAfterWrite, at, format!("{shim} acks {call:?} that nobody has"));
            }
            Happening::Taken { by, from, .. } => {
                self.takes.insert(*by, *from);
            }
            Happening::Billed { call, .. } => {
                self.billed.insert(*call);
                if self.not_sent.contains(call) {
                    self.found.add(
                        Invariant::TrueFate,
                        at,
                        format!("{call:?} was not sent, it is said, and runs"),
                    );
                }
            }
            Happening::Calm => self.calm = Some(at),
            Happening::Over => self.over(at),
            _ => {}
        }
    }

    fn over(&mut self, at: Duration) {
        let open = self.asked.keys().filter(|ask| !self.closed.contains(ask));
        let open: Vec<AskNo> = open.filter(|ask| !self.answered.contains_key(ask)).copied().collect();
        for ask in open {
            self.found.add(Invariant::InTime, at, format!("{ask} is never answered"));
        }
    }

    fn handed_out(&mut self, at: Duration, ask: AskNo, answer: &Answer) {
        if self.answered.insert(ask, answer.clone()).is_some() || self.closed.contains(&ask) {
            self.found.add(Invariant::OneAnswer, at, format!("{ask} gets {answer:?} too many"));
        }
        let Some((since, asked)) = self.asked.get(&ask).cloned() else { return };
        self.is_in_time(at, since, &asked, answer);
        match answer {
            Answer::Result { outcome: Outcome::Ok, body, .. } if !self.is_own(asked.call, body) => {
                self.found.add(Invariant::OwnAnswer, at, format!("{ask}, {:?}, gets {body}", asked.call));
            }
            Answer::End { fate: Fate::NotSent, .. } if !asked.joins => {
                self.not_sent.insert(asked.call);
                if self.billed.contains(&asked.call) {
                    let text = format!("{:?} was not sent, it is said, and has run", asked.call);
                    self.found.add(Invariant::TrueFate, at, text);
                }
            }
            _ => {}
        }
    }

    fn is_in_time(&mut self, at: Duration, since: Duration, asked: &Asked, answer: &Answer) {
        let woke = |(shim, from, to): &(ShimNo, Duration, Duration)| {
            (*shim == asked.shim && *from <= asked.deadline + GRACE).then_some(*to)
        };
        let latest = self.pauses.iter().filter_map(woke).max().unwrap_or_default().max(asked.deadline);
        if at > latest + GRACE {
            self.found.add(
                Invariant::InTime,
                at,
                format!("{} is answered after {:?}", asked.ask, asked.deadline),
            );
        }
        let Some(calm) = self.calm.map(|calm| calm.max(since)).filter(|_| self.roomy) else { return };
        let by_deadline = matches!(answer, Answer::End { why: EndWhy::Deadline, .. });
        if at > calm + SOON || (by_deadline && asked.deadline > calm + SOON) {
            self.found.add(Invariant::InTime, at, format!("{} waits from {calm:?} on, in vain", asked.ask));
        }
    }

    fn is_own(&self, call: CallId, body: &str) -> bool {
        let mut at = Some(call);
        while let Some(call) = at {
            if body.contains(&call.to_string()) {
                return true;
            }
            at = self.takes.get(&call).copied();
        }
        false
    }
}

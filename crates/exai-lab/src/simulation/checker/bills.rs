//! What is paid: an effect once, a metered call three times and for each attempt that a drain cut, and never more than told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_wire::{CallId, Class, Outcome};

use super::{Found, started};
use crate::simulation::history::{Answer, Happening, Heard, History, Invariant};
use crate::simulation::names::{AskNo, ShimNo};

const METERED_MAX: usize = 3;
const CUTS_MAX: usize = 3;

/// One attempt that was paid.
#[derive(Debug)]
struct Bill {
    n: u32,
    /// No journal that is left has its start.
    lost: bool,
    /// Nor does anybody who brings the call again know of it.
    unknowable: bool,
}

#[derive(Default)]
struct Account {
    class: Option<Class>,
    billed: Vec<Bill>,
    cut: BTreeSet<u32>,
    /// Highest attempt that a shim was told of.
    heard: u32,
    accepted_heard: bool,
    /// Requests that wait for it, whose shims bring it again and tell what they know of it.
    open: BTreeSet<AskNo>,
    /// Its host was told how to come back: it runs on by itself.
    left: bool,
    /// Another call takes over its answer.
    adopted: bool,
}

impl Account {
    /// The volume is lost. A shim counts one attempt for each journal that it knows to be lost, told or not.
    fn lose(&mut self) {
        let counted = self.billed.iter().filter(|bill| !bill.lost).map(|bill| bill.n).min();
        let known = counted.unwrap_or(0).max(self.heard);
        for bill in self.billed.iter_mut().filter(|bill| !bill.lost) {
            (bill.lost, bill.unknowable) = (true, bill.n > known);
        }
    }

    /// The volume is an old copy that knows of these attempts. Where nobody brings the call again who was told of others,
    /// it goes on from what the copy has; and a copy from the same start does not look like one, so a call that was not
    /// seen accepted may be new to it.
    fn restore(&mut self, started: &BTreeSet<u32>) {
        let brought = !self.open.is_empty() && !self.left && !self.adopted && self.accepted_heard;
        for bill in self.billed.iter_mut().filter(|bill| !started.contains(&bill.n)) {
            bill.lost = true;
            bill.unknowable |= !brought || bill.n > self.heard;
        }
    }

    /// Somebody takes it over who was told of nothing.
    fn adopt(&mut self) {
        self.adopted = true;
        for bill in &mut self.billed {
            bill.unknowable |= bill.lost;
        }
    }

    fn unknowable(&self) -> usize {
        self.billed.iter().filter(|bill| bill.unknowable).count()
    }

    fn most(&self) -> usize {
        match self.class {
            Some(Class::Effect) => 1 + self.unknowable(),
            _ => METERED_MAX + self.cut.len().min(CUTS_MAX) + self.unknowable(),
        }
    }
}

#[derive(Default)]
struct Book {
    accounts: BTreeMap<CallId, Account>,
    takes: BTreeMap<CallId, CallId>,
    asks: BTreeMap<AskNo, (ShimNo, CallId)>,
    found: Found,
}

pub(super) fn check(history: &History) -> Found {
    let mut book = Book::default();
    for (at, what) in history.iter() {
        book.read(at, what);
    }
    book.found
}

impl Book {
    fn account(&mut self, call: CallId) -> &mut Account {
        self.accounts.entry(call).or_default()
    }

    fn read(&mut self, at: Duration, what: &Happening) {
        match what {
            Happening::Asked(asked) => {
                self.account(asked.call).class = Some(asked.class);
                if !asked.joins {
                    self.account(asked.call).open.insert(asked.ask);
                    self.asks.insert(asked.ask, (asked.shim, asked.call));
                }
            }
            Happening::HandedOut(ask, answer) => {
                self.close(*ask);
                if let Some((_, call)) = self.asks.get(ask).copied() {
                    self.account(call).left |= *answer == Answer::Handle;
                }
            }
            Happening::ShimEnded(shim) => {
                let of_it = self.asks.iter().filter(|(_, (of, _))| of == shim);
                let of_it: Vec<AskNo> = of_it.map(|(ask, _)| *ask).collect();
                of_it.into_iter().for_each(|ask| self.close(ask));
            }
            Happening::Billed { call, attempt } => self.billed(at, *call, *attempt),
            Happening::Cut { call, attempt } => {
                self.account(*call).cut.insert(*attempt);
            }
            Happening::RunsTwice(call) => {
                self.found.add(Invariant::Billed, at, format!("{call:?} runs twice at a time"));
            }
            Happening::Taken { by, from, .. } => {
                self.takes.insert(*by, *from);
                self.account(*from).adopt();
            }
            Happening::VolumeGone { rows, restored } => {
                for (call, account) in &mut self.accounts {
                    match restored {
                        true => account.restore(&started(rows.iter().filter(|row| row.call_id == *call))),
                        false => account.lose(),
                    }
                }
            }
            Happening::Heard { call, what, .. } => self.heard(at, *call, what),
            _ => {}
        }
    }

    fn close(&mut self, ask: AskNo) {
        if let Some((_, call)) = self.asks.get(&ask).copied() {
            self.account(call).open.remove(&ask);
        }
    }

    fn billed(&mut self, at: Duration, call: CallId, n: u32) {
        let account = self.account(call);
        account.billed.push(Bill { n, lost: false, unknowable: false });
        if account.billed.len() > account.most() {
            let text = format!("{call:?} {:?} is paid for {:?}", account.class, account.billed);
            self.found.add(Invariant::Billed, at, text);
        }
    }

    fn heard(&mut self, at: Duration, call: CallId, what: &Heard) {
        let account = self.account(call);
        account.accepted_heard |= !matches!(what, Heard::Refused(_));
        match what {
            Heard::Started(n) => account.heard = account.heard.max(*n),
            // Of a cancel nobody reads.
            Heard::Result { outcome: Outcome::Cancelled, .. } => {}
            Heard::Result { attempts, body, .. } => {
                let told = usize::try_from(*attempts).unwrap_or(0);
                let taken = self.takes.get(&call).filter(|from| body.contains(&from.to_string()));
                for call in [Some(call), taken.copied()].into_iter().flatten() {
                    self.is_stated(at, call, told);
                }
            }
            Heard::Accepted | Heard::Refused(_) => {}
        }
    }

    fn is_stated(&mut self, at: Duration, call: CallId, told: usize) {
        let account = self.account(call);
        if account.class != Some(Class::Pure) && account.billed.len() > told + account.unknowable() {
            let text = format!("{call:?} tells of {told} attempts, {:?} are paid", account.billed);
            self.found.add(Invariant::Stated, at, text);
        }
    }
}

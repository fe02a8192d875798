//! What is paid: an effect once, a metered call three times and for each attempt that a drain cut, and never more than told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_journal::{Kind, Row};
use exai_wire::{CallId, Class, Outcome, Record};

use crate::simulation::history::{Answer, Happening, Heard, History, Invariant, Violation};
use crate::simulation::names::AskNo;

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

pub(super) fn check(history: &History) -> Vec<Violation> {
    let mut accounts: BTreeMap<CallId, Account> = BTreeMap::new();
    let (mut takes, mut asks) = (BTreeMap::new(), BTreeMap::new());
    let mut found = Vec::new();
    for (at, what) in history.iter() {
        match what {
            Happening::Asked(asked) => {
                let account = accounts.entry(asked.call).or_default();
                account.class = Some(asked.class);
                if !asked.joins {
                    account.open.insert(asked.ask);
                    asks.insert(asked.ask, (asked.shim, asked.call));
                }
            }
            Happening::HandedOut(ask, answer) => {
                if let Some(account) = asks.get(ask).and_then(|(_, call)| accounts.get_mut(call)) {
                    account.open.remove(ask);
                    account.left |= *answer == Answer::Handle;
                }
            }
            Happening::ShimEnded(shim) => {
                for (ask, (_, call)) in asks.iter().filter(|(_, (of, _))| of == shim) {
                    if let Some(account) = accounts.get_mut(call) {
                        account.open.remove(ask);
                    }
                }
            }
            Happening::Billed { call, attempt } => {
                let account = accounts.entry(*call).or_default();
                account.billed.push(Bill { n: *attempt, lost: false, unknowable: false });
                if account.billed.len() > account.most() {
                    let text = format!("{call:?} {:?} is paid for {:?}", account.class, account.billed);
                    found.push(Violation { invariant: Invariant::Billed, at, text });
                }
            }
            Happening::Cut { call, attempt } => {
                accounts.entry(*call).or_default().cut.insert(*attempt);
            }
            Happening::RunsTwice(call) => {
                let text = format!("{call:?} runs twice at a time");
                found.push(Violation { invariant: Invariant::Billed, at, text });
            }
            Happening::Taken { by, from, .. } => {
                takes.insert(*by, *from);
                accounts.entry(*from).or_default().adopt();
            }
            Happening::VolumeGone { rows, restored } => {
                for (call, account) in &mut accounts {
                    match restored {
                        true => account.restore(&started(rows, *call)),
                        false => account.lose(),
                    }
                }
            }
            Happening::Heard { call, what, .. } => {
                let account = accounts.entry(*call).or_default();
                account.accepted_heard |= !matches!(what, Heard::Refused(_));
                match what {
                    Heard::Started(n) => account.heard = account.heard.max(*n),
                    // Of a cancel nobody reads.
                    Heard::Result { outcome: Outcome::Cancelled, .. } => {}
                    Heard::Result { attempts, body, .. } => {
                        let told = usize::try_from(*attempts).unwrap_or(0);
                        found.extend(is_stated(at, *call, told, &accounts));
                        if let Some(from) = takes.get(call).filter(|from| body.contains(&from.to_string())) {
                            found.extend(is_stated(at, *from, told, &accounts));
                        }
                    }
                    Heard::Accepted | Heard::Refused(_) => {}
                }
            }
            _ => {}
        }
    }
    found
}

fn is_stated(
    at: Duration,
    call: CallId,
    told: usize,
    accounts: &BTreeMap<CallId, Account>,
) -> Option<Violation> {
    let account = accounts.get(&call).filter(|account| account.class != Some(Class::Pure))?;
    let paid = account.billed.len();
    (paid > told + account.unknowable()).then(|| Violation {
        invariant: Invariant::Stated,
        at,
        text: format!("{call:?} tells of {told} attempts, {:?} are paid", account.billed),
    })
}

/// Attempts of a call that begin in these rows.
fn started(rows: &[Row], call: CallId) -> BTreeSet<u32> {
    let rows = rows.iter().filter(|row| row.call_id == call && row.kind == Kind::Started);
    rows.filter_map(|row| match row.clone().record() {
        Ok(Record::Started { attempt, .. }) => Some(attempt.n),
        _ => None,
    })
    .collect()
}

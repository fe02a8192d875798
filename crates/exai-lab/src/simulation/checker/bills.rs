//! What is paid: an effect once, a metered call three times and for each attempt that a drain cut, and never more than told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_journal::{Kind, Row};
use exai_wire::{CallId, Class, Outcome, Record};

use crate::simulation::history::{Happening, Heard, History, Invariant, Violation};
use crate::simulation::names::Lineage;

const METERED_MAX: usize = 3;
const CUTS_MAX: usize = 3;

#[derive(Default)]
struct Account {
    class: Option<Class>,
    billed: Vec<(u32, Lineage)>,
    cut: BTreeSet<u32>,
    /// Highest attempt that a shim was told of.
    heard: u32,
    accepted_heard: bool,
    /// Attempts of which nobody who is left can know: their records are lost, and what was told of them as well.
    unknowable: usize,
}

impl Account {
    /// The volume has lost what it is not seen to hold.
    fn forget(&mut self, lineage: Lineage, started: &BTreeSet<u32>, restored: bool) {
        let lost = self.billed.iter().filter(|(n, of)| *of == lineage && !started.contains(n));
        let lost: Vec<u32> = lost.map(|(n, _)| *n).collect();
        // A shim counts one attempt for each journal that it knows to be lost, told or not.
        let counted = if restored { 0 } else { lost.iter().min().copied().unwrap_or(0) };
        self.unknowable += lost.iter().filter(|n| **n > self.heard.max(counted)).count();
        // A copy from the same start does not look like one: a call that was not seen accepted may be new to it.
        if restored && !self.accepted_heard {
            self.unknowable = self.unknowable.max(lost.len());
        }
    }

    fn most(&self) -> usize {
        match self.class {
            Some(Class::Effect) => 1 + self.unknowable,
            _ => METERED_MAX + self.cut.len().min(CUTS_MAX) + self.unknowable,
        }
    }
}

pub(super) fn check(history: &History) -> Vec<Violation> {
    let mut accounts: BTreeMap<CallId, Account> = BTreeMap::new();
    let mut takes = BTreeMap::new();
    let mut found = Vec::new();
    for (at, what) in history.iter() {
        match what {
            Happening::Asked(asked) => {
                accounts.entry(asked.call).or_default().class = Some(asked.class);
            }
            Happening::Billed { call, attempt, lineage, .. } => {
                let account = accounts.entry(*call).or_default();
                account.billed.push((*attempt, *lineage));
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
            }
            Happening::VolumeGone { lineage, rows, restored } => {
                for (call, account) in &mut accounts {
                    account.forget(*lineage, &started(rows, *call), *restored);
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
    (paid > told + account.unknowable).then(|| Violation {
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

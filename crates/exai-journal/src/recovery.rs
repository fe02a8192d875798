//! From rows to the calls that a daemon begins with. A pure fold: the same rows give the same calls, and rows that no daemon
//! of this release would have written (of a later release, or of a damaged file) change nothing that others promised.

use std::collections::BTreeMap;

use exai_wire::{Asked, Attempt, CallId, Ended, Kept, Partial, Record};

use crate::row::{Row, RowError};

/// What was read so far.
#[derive(Debug, Default)]
pub struct Recovery {
    calls: BTreeMap<CallId, Kept>,
    texts: BTreeMap<CallId, Texts>,
    /// In the order in which they were taken.
    order: Vec<CallId>,
}

impl Recovery {
    /// Takes the next row.
    ///
    /// # Errors
    /// [`RowError`] where it can't be understood; it counts as not written then.
    pub fn read(&mut self, row: Row) -> Result<(), RowError> {
        let bytes = row.bytes;
        self.apply(row.record()?, bytes);
        Ok(())
    }

    fn apply(&mut self, record: Record, bytes: usize) {
        let call_id = record.call_id();
        match record {
            Record::Forgotten { .. } => {
                self.calls.remove(&call_id);
                self.texts.remove(&call_id);
            }
            Record::Partial { attempt, offset, text, .. } => self.partial(call_id, attempt, offset, &text),
            Record::Accepted { asked, .. } => self.accepted(call_id, asked),
            // A cancel may come before its call: its end is all there is.
            Record::Done { end, .. } => {
                self.texts.remove(&call_id);
                let call = self.call(call_id);
                // The first end is the one that was told.
                call.ended.get_or_insert(Ended { end, bytes });
            }
            other => {
                if let Some(call) = self.calls.get_mut(&call_id) {
                    happened(call, other);
                }
            }
        }
    }

    fn accepted(&mut self, call_id: CallId, asked: Asked) {
        let adopted = asked.adopts;
        let call = self.call(call_id);
        if call.asked.is_none() {
            call.asked = Some(asked);
        }
        if let Some(adopted) = adopted.and_then(|adopted| self.calls.get_mut(&adopted)) {
            adopted.adopted = true;
        }
    }

    fn partial(&mut self, call_id: CallId, attempt: u32, offset: u64, text: &str) {
        let Some(call) = self.calls.get(&call_id).filter(|call| call.ended.is_none()) else { return };
        let continues =
            call.attempts.iter().find(|known| known.n == attempt).map_or(0, |known| known.continues);
        self.texts.entry(call_id).or_default().add(attempt, continues, offset, text);
    }

    fn call(&mut self, call_id: CallId) -> &mut Kept {
        let order = &mut self.order;
        self.calls.entry(call_id).or_insert_with(|| {
            order.push(call_id);
            Kept::new(call_id)
        })
    }

    /// All calls, in the order in which they were taken.
    pub fn finish(mut self) -> Vec<Kept> {
        let mut calls = Vec::with_capacity(self.calls.len());
        for call_id in self.order {
            let Some(mut call) = self.calls.remove(&call_id) else { continue };
            call.partial = self.texts.remove(&call_id).and_then(Texts::best);
            calls.push(call);
        }
        calls
    }
}

/// What can only happen to a call that was taken.
fn happened(call: &mut Kept, record: Record) {
    match record {
        Record::Started { attempt, .. } => started(&mut call.attempts, attempt),
        Record::Cut { attempt, .. } if call.cut.contains(&attempt) => {}
        Record::Cut { attempt, .. } => call.cut.push(attempt),
        Record::Acked { at_ms, .. } => call.acked_ms = call.acked_ms.or(Some(at_ms)),
        Record::Detached { .. } => call.detached = true,
        Record::Buried { at_ms, .. } => call.buried_ms = call.buried_ms.or(Some(at_ms)),
        Record::Accepted { .. } | Record::Done { .. } | Record::Partial { .. } | Record::Forgotten { .. } => {
        }
    }
}

/// The same number again names the provider that it really goes to.
fn started(attempts: &mut Vec<Attempt>, attempt: Attempt) {
    match attempts.iter_mut().find(|known| known.n == attempt.n) {
        Some(known) => *known = attempt,
        None => attempts.push(attempt),
    }
}

/// Texts of a call's attempts, each joined from its pieces as long as they fit without a gap; what comes after a piece that
/// was lost is of no use.
#[derive(Debug, Default)]
struct Texts(BTreeMap<u32, String>);

impl Texts {
    fn add(&mut self, attempt: u32, continues: u64, offset: u64, text: &str) {
        let Ok(offset) = usize::try_from(offset) else { return };
        if let Some(known) = self.0.get_mut(&attempt) {
            if known.len() == offset {
                known.push_str(text);
            }
        } else if let Some(mut begun) = self.beginning(attempt, continues, offset) {
            begun.push_str(text);
            self.0.insert(attempt, begun);
        }
    }

    /// What an attempt goes on from: nothing, or the beginning of the longest text that an earlier one had brought.
    fn beginning(&self, attempt: u32, continues: u64, offset: usize) -> Option<String> {
        if offset == 0 {
            return Some(String::new());
        }
        let before = self.0.range(..attempt).map(|(_, text)| text);
        let longest = before.max_by_key(|text| text.len())?;
        (offset as u64 == continues).then(|| longest.get(..offset).map(str::to_owned))?
    }

    /// The longest, the newest of those: what is worth most to go on from, or to hand over at the end.
    fn best(self) -> Option<Partial> {
        let texts = self.0.into_iter().filter(|(_, text)| !text.is_empty());
        let best = texts.max_by_key(|(attempt, text)| (text.len(), *attempt));
        best.map(|(attempt, text)| Partial { attempt, text })
    }
}

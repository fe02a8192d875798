//! From rows to the calls that a daemon begins with. A pure fold: the same rows give the same calls, and rows that no daemon
//! of this release would have written (of a later release, or of a damaged file) change nothing that others promised.

use std::collections::BTreeMap;

use exai_wire::{Asked, Attempt, CallId, Ended, Kept, Outcome, Record, Texts};

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
        let call = self.call(call_id);
        if call.asked.is_none() {
            call.asked = Some(asked);
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
        self.mark_adopted();
        let mut calls = Vec::with_capacity(self.calls.len());
        for call_id in self.order {
            let Some(mut call) = self.calls.remove(&call_id) else { continue };
            call.partial = self.texts.remove(&call_id).and_then(|texts| texts.best());
            calls.push(call);
        }
        calls
    }
}

impl Recovery {
    /// An answer is another's where somebody waits for it, or has got it. Who ran out of time, or was cancelled, left it.
    fn mark_adopted(&mut self) {
        let handed_on = |call: &Kept| {
            let end = call.ended.map(|ended| ended.end.outcome);
            end.is_none_or(|outcome| matches!(outcome, Outcome::Ok | Outcome::OutcomeUnknown))
        };
        let adopters = self.calls.values().filter(|call| handed_on(call));
        let adopted: Vec<CallId> = adopters.filter_map(|call| call.asked.as_ref()?.adopts).collect();
        for call_id in adopted {
            if let Some(call) = self.calls.get_mut(&call_id) {
                call.adopted = true;
            }
        }
    }
}

/// What can only happen to a call that was taken.
fn happened(call: &mut Kept, record: Record) {
    match record {
        Record::Started { attempt, .. } => started(call, attempt),
        Record::Failed { attempt, billed, .. } => failed(call, attempt, billed),
        Record::Cut { attempt, .. } => cut(call, attempt),
        Record::Acked { at_ms, .. } => call.acked_ms = call.acked_ms.or(Some(at_ms)),
        Record::Detached { .. } => call.detached = true,
        Record::Buried { at_ms, .. } => call.buried_ms = call.buried_ms.or(Some(at_ms)),
        Record::Accepted { .. } | Record::Done { .. } | Record::Partial { .. } | Record::Forgotten { .. } => {
        }
    }
}

/// The same number again names the provider that it really goes to.
fn started(call: &mut Kept, attempt: Attempt) {
    call.unused.take_if(|unused| *unused == attempt.n);
    let attempts = &mut call.attempts;
    match attempts.iter_mut().find(|known| known.n == attempt.n) {
        Some(known) => *known = attempt,
        None => attempts.push(attempt),
    }
}

/// An attempt fails once, if it was begun. Only the newest can be as good as none.
fn failed(call: &mut Kept, attempt: u32, billed: bool) {
    let begun = call.attempts.iter().any(|known| known.n == attempt);
    match billed {
        _ if !begun => {}
        true if !call.failed.contains(&attempt) => call.failed.push(attempt),
        false if attempt == call.attempts_numbered() => call.unused = Some(attempt),
        _ => {}
    }
}

/// An attempt is cut once, if it was begun.
fn cut(call: &mut Kept, attempt: u32) {
    if call.attempts.iter().any(|known| known.n == attempt) && !call.cut.contains(&attempt) {
        call.cut.push(attempt);
    }
}

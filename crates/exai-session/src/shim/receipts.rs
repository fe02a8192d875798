//! Results handed out, and the acks owed for them.
//!
//! An ack goes out only after the host's line was written, and again for a result that is delivered again. A bounded
//! memory of finished calls tells a repeated result from a new one.

use std::collections::{BTreeMap, VecDeque};

use exai_wire::CallId;

/// A daemon repeats a result only for calls named in a `hello`; those are at most the open ones. The rest is slack.
const REMEMBERED_MAX: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    OnItsWay,
    Done,
}

#[derive(Debug, Default)]
pub(super) struct Receipts {
    known: BTreeMap<CallId, Delivery>,
    order: VecDeque<CallId>,
    owed: Vec<CallId>,
}

impl Receipts {
    /// A result came for an open call and goes to the host.
    pub(super) fn handed_out(&mut self, call_id: CallId) {
        if self.known.insert(call_id, Delivery::OnItsWay).is_none() {
            self.order.push_back(call_id);
        }
        while self.order.len() > REMEMBERED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// The host has its line.
    pub(super) fn delivered(&mut self, call_id: CallId) {
        if let Some(delivery) = self.known.get_mut(&call_id) {
            *delivery = Delivery::Done;
            self.owe(call_id);
        }
    }

    /// A result came for a call that is not open: acked again if the host has it.
    pub(super) fn repeated(&mut self, call_id: CallId) {
        if self.known.get(&call_id) == Some(&Delivery::Done) {
            self.owe(call_id);
        }
    }

    /// Nobody wants this result, and the daemon need not keep it.
    pub(super) fn owe(&mut self, call_id: CallId) {
        if !self.owed.contains(&call_id) && self.owed.len() < REMEMBERED_MAX {
            self.owed.push(call_id);
        }
    }

    /// Whether a result of this call was handed out and is remembered.
    pub(super) fn knows(&self, call_id: CallId) -> bool {
        self.known.contains_key(&call_id)
    }

    /// The call is asked for anew.
    pub(super) fn forget(&mut self, call_id: CallId) {
        if self.known.remove(&call_id).is_some() {
            self.order.retain(|known| *known != call_id);
        }
    }

    /// Acks to send now.
    pub(super) fn take_owed(&mut self) -> Option<Vec<CallId>> {
        (!self.owed.is_empty()).then(|| std::mem::take(&mut self.owed))
    }
}

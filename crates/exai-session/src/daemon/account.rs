//! What a session has open.

use exai_wire::{CallId, KeptFrame};
use serde_json::value::RawValue;

use super::DaemonEnd;
use super::event::CallClass;

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// Puts a call into the account of the session that it runs for.
    pub(super) fn count(&mut self, call_id: CallId) {
        let Some(work) = self.calls.get_mut(call_id).and_then(|entry| entry.work.as_mut()) else { return };
        if let Some(open) = self.sessions.get_mut(&work.session).filter(|_| !work.counted) {
            open.in_flight += 1;
            open.bytes += size(&work.params);
            work.counted = true;
        }
    }

    /// Takes a call off its session's account; done once, when its work is dropped.
    pub(super) fn uncount(&mut self, call_id: CallId) {
        self.set_aside(call_id);
        if let Some(entry) = self.calls.get_mut(call_id) {
            entry.work = None;
        }
    }

    /// Takes a call off the account; its work stays, for whoever comes for it.
    pub(super) fn set_aside(&mut self, call_id: CallId) {
        let Some(work) = self.calls.get_mut(call_id).and_then(|entry| entry.work.as_mut()) else { return };
        if let Some(open) = self.sessions.get_mut(&work.session).filter(|_| work.counted) {
            open.in_flight = open.in_flight.saturating_sub(1);
            open.bytes = open.bytes.saturating_sub(size(&work.params));
        }
        work.counted = false;
    }
}

fn size(params: &RawValue) -> u64 {
    u64::try_from(params.get().len()).unwrap_or(u64::MAX)
}

//! Hosts: who asks, waits, gives up and asks again.

use std::time::Duration;

use exai_session::Past;
use exai_wire::{AdoptKey, CallId, Class, Fingerprint};

use super::names::{AskNo, HostNo, QuestionNo, ShimNo};

#[derive(Debug)]
pub(crate) struct Host {
    /// The shim that it has started, as long as that lives.
    pub(crate) shim: Option<ShimNo>,
    /// Nothing gets through between it and the daemon.
    pub(crate) cut: bool,
    /// When something was in the way last.
    pub(crate) disturbed: Duration,
    /// It does not read its pipe until then.
    pub(crate) busy_until: Duration,
}

/// What a host wants to know, or to have done.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) class: Class,
    pub(crate) params: String,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) adopt_key: Option<AdoptKey>,
    /// The call that it has a handle of, and means to collect.
    pub(crate) handle: Option<(CallId, Handle)>,
    /// How often it is asked at most.
    pub(crate) tries: u32,
    /// No other question has its key.
    pub(crate) alone: bool,
}

/// How a host comes back to a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Handle {
    /// It joins whatever there is.
    Join,
    /// It asks once more under the same id, and carries what its shim knew.
    Again(Past),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskState {
    Open,
    Cancelled,
    HandedOut,
    Told,
    /// Its shim ended before.
    Orphaned,
}

/// A request that a host has written.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) host: HostNo,
    pub(crate) shim: ShimNo,
    pub(crate) question: QuestionNo,
    pub(crate) call: CallId,
    pub(crate) at: Duration,
    /// It collects what was asked before; its host has nothing more than a name for that.
    pub(crate) joins: bool,
    /// What its shim knew of it when the host could wait no longer.
    pub(crate) past: Past,
    pub(crate) state: AskState,
}

/// A line on its way to a host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) ask: AskNo,
    /// To be acknowledged: a result.
    pub(crate) is_result: bool,
    /// The host could wait no longer; the call goes on.
    pub(crate) gave_up: bool,
}

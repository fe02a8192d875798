//! The host's open calls, by the engine's key and by the id that the daemon knows.

use std::collections::BTreeMap;
use std::time::Duration;

use exai_mcp::{CallKey, Tasks, Token};
use exai_session::Past;
use exai_wire::{CallId, Fingerprint};

use crate::digest::Digest;
use crate::local::LocalTool;

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The daemon's to answer.
    Tool(Cost),
    /// The shim's to answer when the daemon does not.
    Local(LocalTool),
    /// Waits for the answer of another call.
    Collect,
}

/// What running a call again costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Nothing; so its answer is not kept either.
    Free,
    /// Perhaps money.
    Metered,
}

impl Kind {
    /// What running such a call again costs; with [`Kind::Collect`] it is the other call that counts.
    pub(crate) fn cost(self) -> Cost {
        match self {
            Self::Tool(cost) => cost,
            Self::Local(_) => Cost::Free,
            Self::Collect => Cost::Metered,
        }
    }
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The files that it names are being read.
    Reading,
    /// The session has it.
    Given,
}

/// One call of the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    /// What the daemon knows it by; with [`Kind::Collect`] the id of the other call.
    pub(crate) call_id: CallId,
    /// What kind of call it is.
    pub(crate) kind: Kind,
    /// How far it has come.
    pub(crate) stage: Stage,
    /// When its line was read.
    pub(crate) asked: Duration,
    /// Time that the call had taken before, in earlier rounds.
    pub(crate) earlier: Duration,
    /// When it is answered whatever its state, so that the host hears it; `None`: the host has no limit that is known.
    pub(crate) until: Option<Duration>,
    /// When the wait that the caller asked for is over.
    pub(crate) waited: Option<Duration>,
    /// Whether the host sees progress.
    pub(crate) token: Token,
    /// Whether the host can be asked to come back, or knows tasks.
    pub(crate) host: Manners,
    /// Tool and arguments.
    pub(crate) digest: Digest,
    /// What the daemon is told with it, once that is known.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// What was known of it when it was asked.
    pub(crate) past: Past,
}

/// What a host can be answered instead of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manners {
    /// How many times it was asked to come back with this call; `None`: its revision has no such thing.
    pub(crate) rounds: Option<u8>,
    /// Whether it takes a task.
    pub(crate) tasks: Tasks,
}

impl Open {
    /// Age of the call.
    pub(crate) fn age(&self, now: Duration) -> Duration {
        self.earlier + now.saturating_sub(self.asked)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    open: BTreeMap<CallKey, Open>,
    /// Several wait for one id when a host collects a call that is still open, or collects it twice.
    waiters: BTreeMap<CallId, Vec<CallKey>>,
    /// Calls whose result is on its way to the host.
    unwritten: BTreeMap<CallKey, CallId>,
}

impl Calls {
    /// Takes in a call.
    pub(crate) fn insert(&mut self, key: CallKey, open: Open) {
        self.open.insert(key, open);
        self.waiters.entry(open.call_id).or_default().push(key);
    }

    /// An open call.
    pub(crate) fn get(&self, key: CallKey) -> Option<&Open> {
        self.open.get(&key)
    }

    /// Marks a call as given to the session.
    pub(crate) fn given(&mut self, key: CallKey, fingerprint: Option<Fingerprint>) {
        if let Some(open) = self.open.get_mut(&key) {
            open.stage = Stage::Given;
            open.fingerprint = open.fingerprint.or(fingerprint);
        }
    }

    /// When the next call that the session has is to be answered whatever its state.
    pub(crate) fn next_until(&self) -> Option<Duration> {
        let given = self.open.values().filter(|open| open.stage == Stage::Given);
        given.filter_map(|open| open.until).min()
    }

    /// Calls that the session has and that are to be answered now.
    pub(crate) fn due(&self, now: Duration) -> Vec<CallKey> {
        let due = |open: &Open| open.stage == Stage::Given && open.until.is_some_and(|until| until <= now);
        self.open.iter().filter(|(_, open)| due(open)).map(|(key, _)| *key).collect()
    }

    /// Takes out one call; tells whether others wait for its id.
    pub(crate) fn remove(&mut self, key: CallKey) -> Option<(Open, Others)> {
        let open = self.open.remove(&key)?;
        let waiters = self.waiters.entry(open.call_id).or_default();
        waiters.retain(|other| *other != key);
        if waiters.is_empty() {
            self.waiters.remove(&open.call_id);
            return Some((open, Others::None));
        }
        Some((open, Others::Some))
    }

    /// Takes out all calls that wait for an id.
    pub(crate) fn take(&mut self, call_id: CallId) -> Vec<(CallKey, Open)> {
        let keys = self.waiters.remove(&call_id).unwrap_or_default();
        keys.into_iter().filter_map(|key| Some((key, self.open.remove(&key)?))).collect()
    }

    /// Keys of the calls that wait for an id.
    pub(crate) fn keys(&self, call_id: CallId) -> impl Iterator<Item = CallKey> + '_ {
        self.waiters.get(&call_id).into_iter().flatten().copied()
    }

    /// All open calls.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (CallKey, &Open)> {
        self.open.iter().map(|(key, open)| (*key, open))
    }

    /// Number of open calls.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// The result of a call has been handed to the engine.
    pub(crate) fn answered(&mut self, key: CallKey, call_id: CallId) {
        self.unwritten.insert(key, call_id);
    }

    /// The line with its result has been written; the id to acknowledge, if it was a daemon's result.
    pub(crate) fn written(&mut self, key: CallKey) -> Option<CallId> {
        self.unwritten.remove(&key)
    }
}

/// Whether others wait for the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// Nobody does.
    None,
    /// At least one does.
    Some,
}

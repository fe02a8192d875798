//! Calls that the host waits for, and when their next progress is due.
//!
//! Invariants: a token belongs to one open call at most, so that its values rise; a call that is taken out is
//! neither answered nor mentioned again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::event::CallKey;
use crate::id;
use crate::json::head_of;
use crate::outbox::Slot;
use crate::progress::{self, PROGRESS_EVERY, TEXT_CHARS_MAX};
use crate::revision::Revision;

/// A call without an answer.
#[derive(Debug)]
pub(crate) struct OpenCall {
    /// The host's id, raw.
    pub(crate) id: Box<str>,
    pub(crate) revision: Revision,
    pub(crate) slot: Slot,
    pub(crate) asks: Asks,
    progress: Option<Progress>,
}

/// What kind of answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// The result of a tool, or what may come instead of it.
    Tool,
    /// News of a task.
    Task,
}

#[derive(Debug)]
struct Progress {
    /// Raw.
    token: Box<str>,
    began: Duration,
    due: Duration,
    /// Last value told, in whole seconds.
    last: u64,
    /// What goes out as `message`.
    text: String,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct CallTable {
    open: BTreeMap<CallKey, OpenCall>,
    due: BTreeSet<(Duration, CallKey)>,
    last: u64,
}

impl CallTable {
    /// Number of open calls.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether an open call reports under this token.
    pub(crate) fn holds_token(&self, token: &str) -> bool {
        let holds = |(_, key): &(Duration, CallKey)| {
            self.open
                .get(key)
                .and_then(|call| call.progress.as_ref())
                .is_some_and(|held| *held.token == *token)
        };
        self.due.iter().any(holds)
    }

    /// Opens a call.
    pub(crate) fn open(
        &mut self,
        now: Duration,
        id: &str,
        revision: Revision,
        slot: Slot,
        asks: Asks,
        token: Option<&str>,
    ) -> CallKey {
        let key = self.next_key();
        let progress = token.map(|token| {
            let due = now + PROGRESS_EVERY;
            self.due.insert((due, key));
            Progress { token: token.into(), began: now, due, last: 0, text: String::new() }
        });
        self.open.insert(key, OpenCall { id: id.into(), revision, slot, asks, progress });
        key
    }

    /// A key that no call has had.
    pub(crate) fn next_key(&mut self) -> CallKey {
        self.last += 1;
        CallKey(self.last)
    }

    /// Takes a call out.
    pub(crate) fn close(&mut self, key: CallKey) -> Option<OpenCall> {
        let call = self.open.remove(&key)?;
        if let Some(progress) = &call.progress {
            self.due.remove(&(progress.due, key));
        }
        Some(call)
    }

    /// Open calls with this raw id: one, or several if the host used an id twice.
    pub(crate) fn with_id(&self, id: &str) -> Vec<CallKey> {
        self.open.iter().filter(|(_, call)| id::same(&call.id, id)).map(|(key, _)| *key).collect()
    }

    /// Sets the text of a call's next progress.
    pub(crate) fn note(&mut self, key: CallKey, text: &str) {
        if let Some(progress) = self.open.get_mut(&key).and_then(|call| call.progress.as_mut()) {
            progress.text.clear();
            match head_of(text, TEXT_CHARS_MAX) {
                whole if whole.len() == text.len() => progress.text.push_str(whole),
                _ => progress.text.extend([head_of(text, TEXT_CHARS_MAX - 1), "…"]),
            }
        }
    }

    /// Moment of the next progress.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// The next progress line that is due, if any. Its call's next one is set.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<(CallKey, String)> {
        let (due, key) = *self.due.first().filter(|(due, _)| *due <= now)?;
        self.due.remove(&(due, key));
        let call = self.open.get_mut(&key)?;
        let progress = call.progress.as_mut()?;
        progress.last = now.saturating_sub(progress.began).as_secs().max(progress.last + 1);
        // After a pause of the process the pace starts anew instead of catching up.
        progress.due = if now < due + PROGRESS_EVERY { due } else { now } + PROGRESS_EVERY;
        self.due.insert((progress.due, key));
        let line = progress::line(call.revision, &progress.token, progress.last, &progress.text);
        Some((key, line))
    }
}

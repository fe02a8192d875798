//! Tasks that hosts were given, or ask after: what is known of them, and who waits for news.
//!
//! Invariants: a state that is over stays; what is kept is bounded, and what was let go is asked of the daemon again.

use std::collections::BTreeMap;
use std::time::Duration;

use exai_mcp::{CallKey, Task, TaskId, TaskState};
use exai_wire::CallId;

/// Tasks kept; as many as calls can be open.
const TASKS_MAX: usize = 1000;

/// Bytes of results kept, the newest in any case.
const RESULT_BYTES_MAX: usize = 64 << 20;

/// How long a task can be asked after. The daemon keeps the answers, by settings of its own; mostly both read the same ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    /// From its making on, as long as nobody has fetched its answer.
    pub(crate) untold: Duration,
    /// Once somebody has.
    pub(crate) told: Duration,
}

/// Where a task stands, as far as it is known here.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    /// The daemon has not been heard about it: made by another shim, or forged.
    Unheard,
    /// The daemon has it.
    Working,
    /// Over.
    Over(TaskState),
}

#[derive(Debug)]
struct Entry {
    standing: Standing,
    updated_ms: u64,
    /// When the host was first told of the end.
    told_ms: Option<u64>,
    /// Rises with each entry: the oldest goes first.
    order: u64,
}

#[derive(Debug)]
struct Question {
    id: TaskId,
    until: Duration,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    known: BTreeMap<TaskId, Entry>,
    /// `tasks/get` requests without an answer.
    questions: BTreeMap<CallKey, Question>,
    made: u64,
}

/// No room: all that are kept are at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Entry {
    fn is_over(&self) -> bool {
        matches!(self.standing, Standing::Over(_))
    }

    fn bytes(&self) -> usize {
        match &self.standing {
            Standing::Over(TaskState::Completed(result)) => result.get().len(),
            _ => 0,
        }
    }
}

/// The call behind a task.
pub(crate) fn call_of(id: TaskId) -> CallId {
    CallId::from_bytes(id.call)
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Tasks {
    /// Keeps a task that is not known yet; one that is stays as it is.
    ///
    /// # Errors
    /// No room.
    pub(crate) fn keep(&mut self, id: TaskId, standing: Standing, wall_ms: u64) -> Result<(), Full> {
        if self.known.contains_key(&id) {
            return Ok(());
        }
        if self.known.len() >= TASKS_MAX && !self.let_go(None) {
            return Err(Full);
        }
        self.made += 1;
        let entry = Entry { standing, updated_ms: wall_ms, told_ms: None, order: self.made };
        self.known.insert(id, entry);
        Ok(())
    }

    /// Forgets one.
    pub(crate) fn forget(&mut self, id: TaskId) {
        self.known.remove(&id);
    }

    /// Tasks of a call that are not over.
    pub(crate) fn open_of(&self, call_id: CallId) -> Vec<TaskId> {
        let all = TaskId { call: *call_id.as_bytes(), created_ms: 0 }..=TaskId {
            call: *call_id.as_bytes(),
            created_ms: u64::MAX,
        };
        self.known.range(all).filter(|(_, entry)| !entry.is_over()).map(|(id, _)| *id).collect()
    }

    /// Whether the end of a call is still wanted for a task.
    pub(crate) fn awaits(&self, call_id: CallId) -> bool {
        !self.open_of(call_id).is_empty()
    }

    /// Where a task stands, if it is known.
    pub(crate) fn standing(&self, id: TaskId) -> Option<&Standing> {
        self.known.get(&id).map(|entry| &entry.standing)
    }

    /// Moves one on that is not over.
    pub(crate) fn advance(&mut self, id: TaskId, standing: Standing, wall_ms: u64) {
        if let Some(entry) = self.known.get_mut(&id).filter(|entry| !entry.is_over()) {
            entry.standing = standing;
            entry.updated_ms = wall_ms;
        }
        while self.known.values().map(Entry::bytes).sum::<usize>() > RESULT_BYTES_MAX && self.let_go(Some(id))
        {
        }
    }

    /// The host is told of the end now.
    pub(crate) fn told(&mut self, id: TaskId, wall_ms: u64) {
        if let Some(entry) = self.known.get_mut(&id) {
            entry.told_ms.get_or_insert(wall_ms);
        }
    }

    /// A task as a host is told of it; one that is not kept counts as at work.
    pub(crate) fn describe(&self, id: TaskId, message: String, lifetime: Lifetime) -> Task {
        let entry = self.known.get(&id);
        let state = match entry.map(|entry| &entry.standing) {
            Some(Standing::Over(state)) => state.clone(),
            Some(Standing::Unheard | Standing::Working) | None => TaskState::Working,
        };
        let told = entry.and_then(|entry| entry.told_ms);
        Task {
            id,
            state,
            message,
            updated_ms: entry.map_or(id.created_ms, |entry| entry.updated_ms),
            ttl_ms: told.map_or(ms(lifetime.untold), |told| {
                told.saturating_sub(id.created_ms).saturating_add(ms(lifetime.told))
            }),
        }
    }

    /// Somebody waits for news of a task.
    pub(crate) fn ask(&mut self, key: CallKey, id: TaskId, until: Duration) {
        self.questions.insert(key, Question { id, until });
    }

    /// He does not any more.
    pub(crate) fn forget_question(&mut self, key: CallKey) {
        self.questions.remove(&key);
    }

    /// Takes out those who wait for news of a task.
    pub(crate) fn take_questions(&mut self, id: TaskId) -> Vec<CallKey> {
        self.questions.extract_if(.., |_, question| question.id == id).map(|(key, _)| key).collect()
    }

    /// Takes out those who have waited long enough.
    pub(crate) fn take_due(&mut self, now: Duration) -> Vec<(CallKey, TaskId)> {
        let due = self.questions.extract_if(.., |_, question| question.until <= now);
        due.map(|(key, question)| (key, question.id)).collect()
    }

    /// When the next of them has.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.questions.values().map(|question| question.until).min()
    }

    /// Lets the oldest go that is over, but not this one; whether there was any.
    fn let_go(&mut self, but: Option<TaskId>) -> bool {
        let over = self.known.iter().filter(|(id, entry)| entry.is_over() && Some(**id) != but);
        let oldest = over.min_by_key(|(_, entry)| entry.order).map(|(id, _)| *id);
        oldest.is_some_and(|id| self.known.remove(&id).is_some())
    }
}

#[cfg(test)]
mod tests;

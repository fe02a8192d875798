//! Who may work now, and who waits: a bounded queue that is first-come-first-served within a session and takes turns
//! between sessions, so that one host with a hundred calls does not stand in front of another with one.
//!
//! No I/O and no clock. A [`Permit`] is an owned value: what it admits is free again when it is dropped, however
//! that comes about, and can't be given back twice.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Bounds of an [`Admission`], all at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Permits that one session may hold.
    pub(crate) per_session: usize,
    /// Permits in all.
    pub(crate) all: usize,
    /// Entries that may wait in all.
    pub(crate) waiting: usize,
}

/// The right to work; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Permit {
    _session: Rc<()>,
    _all: Rc<()>,
}

/// The queue is full; here is the job again.
#[derive(Debug)]
pub(crate) struct Full<T>(pub(crate) T);

/// Queue and permits. `S` is the session, `K` names an entry, `T` is what waits.
#[derive(Debug)]
pub(crate) struct Admission<S, K, T> {
    bounds: Bounds,
    lines: BTreeMap<S, Line<K, T>>,
    /// Sessions with waiting entries; the first is next.
    turns: VecDeque<S>,
    /// Which line an entry stands in.
    places: BTreeMap<K, S>,
    /// Strong counts beyond this one are the permits that are out.
    all: Rc<()>,
}

/// One session.
#[derive(Debug)]
struct Line<K, T> {
    waiting: VecDeque<(K, T)>,
    permits: Rc<()>,
}

impl<K, T> Line<K, T> {
    fn new() -> Self {
        Self { waiting: VecDeque::new(), permits: Rc::new(()) }
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && out(&self.permits) == 0
    }
}

fn out(permits: &Rc<()>) -> usize {
    Rc::strong_count(permits).saturating_sub(1)
}

impl<S: Ord + Copy, K: Ord + Copy, T> Admission<S, K, T> {
    /// Nobody works, nobody waits.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            lines: BTreeMap::new(),
            turns: VecDeque::new(),
            places: BTreeMap::new(),
            all: Rc::new(()),
        }
    }

    /// Takes an entry into its session's line; `key` must not be waiting already.
    ///
    /// # Errors
    /// [`Full`] if as many wait as may.
    pub(crate) fn enqueue(&mut self, session: S, key: K, job: T) -> Result<(), Full<T>> {
        if self.places.len() >= self.bounds.waiting {
            return Err(Full(job));
        }
        let line = self.lines.entry(session).or_insert_with(Line::new);
        if line.waiting.is_empty() {
            self.turns.push_back(session);
        }
        line.waiting.push_back((key, job));
        self.places.insert(key, session);
        Ok(())
    }

    /// The next entry that may work now. Call until `None` after every `enqueue`, and after permits were dropped.
    pub(crate) fn admit(&mut self) -> Option<(S, K, T, Permit)> {
        if out(&self.all) >= self.bounds.all {
            return None;
        }
        // Sessions at their own limit keep their order, they are only passed over.
        let turn = self.turns.iter().position(|session| {
            self.lines.get(session).is_some_and(|line| out(&line.permits) < self.bounds.per_session)
        })?;
        let session = self.turns.remove(turn)?;
        let line = self.lines.get_mut(&session)?;
        let (key, job) = line.waiting.pop_front()?;
        let permit = Permit { _session: Rc::clone(&line.permits), _all: Rc::clone(&self.all) };
        if !line.waiting.is_empty() {
            self.turns.push_back(session);
        }
        self.places.remove(&key);
        Some((session, key, job, permit))
    }

    /// Takes an entry out of the queue.
    pub(crate) fn remove(&mut self, key: K) -> Option<T> {
        let session = self.places.remove(&key)?;
        let line = self.lines.get_mut(&session)?;
        let place = line.waiting.iter().position(|(waiting, _)| *waiting == key)?;
        let (_, job) = line.waiting.remove(place)?;
        if line.waiting.is_empty() {
            self.turns.retain(|other| *other != session);
        }
        Some(job)
    }

    /// Entries in the order in which they will be admitted if no session is at its own limit, first to last.
    pub(crate) fn order(&self) -> Vec<K> {
        let lines: Vec<_> = self.turns.iter().filter_map(|session| self.lines.get(session)).collect();
        let rounds = lines.iter().map(|line| line.waiting.len()).max().unwrap_or(0);
        (0..rounds)
            .flat_map(|round| lines.iter().filter_map(move |line| line.waiting.get(round)))
            .map(|(key, _)| *key)
            .collect()
    }

    /// Entries that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.places.len()
    }

    /// Forgets sessions that neither work nor wait; to be called now and then, so that nothing grows.
    pub(crate) fn sweep(&mut self) {
        self.lines.retain(|_, line| !line.is_idle());
    }
}

#[cfg(test)]
mod tests;

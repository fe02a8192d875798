//! Who may ask a provider now, and who waits: within a session first come, first served; between sessions in turns, so
//! that one host with a hundred calls does not stand in front of another with one; and a line for each provider, so
//! that nobody waits for a place at one behind those who wait for another.
//!
//! No I/O and no clock. Whoever joins must leave again, waiting or not; [`crate::places`] sees to that.

use std::collections::{BTreeMap, VecDeque};

use crate::config::Bounds;

/// A session, or whoever else is to have an equal share; opaque.
pub(crate) type Sharer = u128;

/// One entry, from joining to leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// All lines, and the places that are taken.
#[derive(Debug)]
pub(crate) struct FairQueue {
    bounds: Bounds,
    lines: Vec<Line>,
    /// The line that is looked at first: where a bound of all is what binds, providers take turns too.
    first: usize,
    entries: BTreeMap<Ticket, Entry>,
    taken: usize,
    /// Places that each sharer has taken, at least one.
    taken_by: BTreeMap<Sharer, usize>,
    next: u64,
}

/// One provider.
#[derive(Debug)]
struct Line {
    places: usize,
    taken: usize,
    waiting: usize,
    /// Sharers with waiting entries; the first is next. None is there twice, and none without an entry.
    turns: VecDeque<(Sharer, VecDeque<Ticket>)>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    sharer: Sharer,
    line: usize,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Placed,
}

impl FairQueue {
    /// A line for each number of places; nobody is there.
    pub(crate) fn new(bounds: Bounds, places: impl IntoIterator<Item = u32>) -> Self {
        let line = |places: u32| Line {
            places: usize::try_from(places).unwrap_or(usize::MAX).max(1),
            taken: 0,
            waiting: 0,
            turns: VecDeque::new(),
        };
        Self {
            bounds,
            lines: places.into_iter().map(line).collect(),
            first: 0,
            entries: BTreeMap::new(),
            taken: 0,
            taken_by: BTreeMap::new(),
            next: 0,
        }
    }

    /// Gets into a line. Which entries have their place then says [`FairQueue::admit`].
    pub(crate) fn join(&mut self, sharer: Sharer, line: usize) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.entries.insert(ticket, Entry { sharer, line, stage: Stage::Waiting });
        if let Some(line) = self.lines.get_mut(line) {
            line.waiting += 1;
            match line.turns.iter_mut().find(|(other, _)| *other == sharer) {
                Some((_, tickets)) => tickets.push_back(ticket),
                None => line.turns.push_back((sharer, VecDeque::from([ticket]))),
            }
        }
        ticket
    }

    /// The next entry that gets its place. Call until `None` after every `join` and `leave`.
    pub(crate) fn admit(&mut self) -> Option<Ticket> {
        if self.taken >= self.bounds.all {
            return None;
        }
        let count = self.lines.len();
        for step in 0..count {
            let at = (self.first + step) % count;
            if let Some((sharer, ticket)) = self.admit_from(at) {
                self.first = (at + 1) % count;
                self.taken += 1;
                *self.taken_by.entry(sharer).or_default() += 1;
                if let Some(entry) = self.entries.get_mut(&ticket) {
                    entry.stage = Stage::Placed;
                }
                return Some(ticket);
            }
        }
        None
    }

    fn admit_from(&mut self, line: usize) -> Option<(Sharer, Ticket)> {
        let line = self.lines.get_mut(line).filter(|line| line.taken < line.places)?;
        // Sharers at their own bound keep their order, they are only passed over.
        let taken_by = |sharer| self.taken_by.get(sharer).copied().unwrap_or(0);
        let turn = line.turns.iter().position(|(sharer, _)| taken_by(sharer) < self.bounds.each)?;
        let (sharer, mut tickets) = line.turns.remove(turn)?;
        let ticket = tickets.pop_front()?;
        if !tickets.is_empty() {
            line.turns.push_back((sharer, tickets));
        }
        line.waiting -= 1;
        line.taken += 1;
        Some((sharer, ticket))
    }

    /// Gives up waiting, or gives the place back.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        let Some(Entry { sharer, line, stage }) = self.entries.remove(&ticket) else { return };
        let Some(line) = self.lines.get_mut(line) else { return };
        match stage {
            Stage::Waiting => {
                line.waiting -= 1;
                for (_, tickets) in &mut line.turns {
                    tickets.retain(|other| *other != ticket);
                }
                line.turns.retain(|(_, tickets)| !tickets.is_empty());
            }
            Stage::Placed => {
                line.taken -= 1;
                self.taken -= 1;
                if let Some(taken) = self.taken_by.get_mut(&sharer) {
                    *taken -= 1;
                }
                self.taken_by.retain(|_, taken| *taken > 0);
            }
        }
    }

    /// Whereabouts in its line an entry waits, from 1, and how many wait there: the order in which they get their places
    /// if no sharer is at its own bound. `None` once it waits no more.
    pub(crate) fn position(&self, ticket: Ticket) -> Option<(usize, usize)> {
        let entry = self.entries.get(&ticket).filter(|entry| entry.stage == Stage::Waiting)?;
        let line = self.lines.get(entry.line)?;
        let turn = line.turns.iter().position(|(sharer, _)| *sharer == entry.sharer)?;
        let (_, own) = line.turns.get(turn)?;
        let round = own.iter().position(|other| *other == ticket)?;
        // Everybody before it in the ring has one turn more.
        let turns = line.turns.iter().zip(0..);
        let before = turns.map(|((_, tickets), at)| tickets.len().min(round + usize::from(at < turn)));
        Some((before.sum::<usize>() + 1, line.waiting))
    }

    /// Entries that wait in a line.
    pub(crate) fn waiting(&self, line: usize) -> usize {
        self.lines.get(line).map_or(0, |line| line.waiting)
    }
}

#[cfg(test)]
mod tests;

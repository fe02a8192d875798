//! Who may ask a model now, and who waits: within a session first come, first served; between sessions in turns, so that
//! one host with a hundred calls does not stand in front of another with one; and a line for each model of each provider,
//! so that nobody waits for a place at one behind those who wait for another.
//!
//! No provider takes the last places of those that all share: what others may want of them is kept, so that one that is
//! stuck, however many calls it holds, never makes a call of another wait.
//!
//! No I/O and no clock. Whoever joins must leave again, waiting or not; [`crate::places`] sees to that.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use crate::config::Bounds;

/// A session, or whoever else is to have an equal share; opaque.
pub(crate) type Sharer = u128;

/// Places of all, and of each sharer, that are kept for every other provider. More would lie idle mostly; fewer could
/// not carry a handful of calls that are asked at once.
const KEPT: usize = 4;

/// One entry, from joining to leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// A model of a provider, by the provider's index.
pub(crate) type LineName = (usize, Arc<str>);

/// A provider's share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    /// Requests at a time, all its models together.
    pub(crate) places: u32,
    /// Whether it can be asked; for one that can't, nothing is kept.
    pub(crate) is_usable: bool,
}

/// All lines, and the places that are taken.
#[derive(Debug)]
pub(crate) struct FairQueue {
    bounds: Bounds,
    providers: Vec<Provider>,
    /// Those with entries.
    lines: BTreeMap<LineName, Line>,
    /// The line that was served last: where a bound of all is what binds, lines take turns too.
    last: Option<LineName>,
    entries: BTreeMap<Ticket, Entry>,
    taken: usize,
    /// Places that each sharer has taken at each provider, at least one.
    taken_by: BTreeMap<Sharer, BTreeMap<usize, usize>>,
    next: u64,
}

#[derive(Debug)]
struct Provider {
    places: usize,
    /// Places of all, and of each sharer, that are kept for it.
    kept: (usize, usize),
    taken: usize,
    waiting: usize,
    /// Those of each sharer among them, at least one.
    waiting_by: BTreeMap<Sharer, usize>,
}

/// One model.
#[derive(Debug)]
struct Line {
    places: usize,
    taken: usize,
    waiting: usize,
    /// Sharers with waiting entries; the first is next. None is there twice, and none without an entry.
    turns: VecDeque<(Sharer, VecDeque<Ticket>)>,
}

#[derive(Debug, Clone)]
struct Entry {
    sharer: Sharer,
    line: LineName,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Placed,
}

fn number(places: u32) -> usize {
    usize::try_from(places).unwrap_or(usize::MAX).max(1)
}

impl FairQueue {
    /// Nobody is there. Where bounds are too small to keep [`KEPT`] for each provider, about half of them may be taken by
    /// any.
    pub(crate) fn new(bounds: Bounds, shares: impl IntoIterator<Item = Share>) -> Self {
        let shares: Vec<Share> = shares.into_iter().collect();
        let usable = shares.iter().filter(|share| share.is_usable).count().max(1);
        let provider = |share: &Share| {
            let places = number(share.places);
            let kept = |bound: usize| {
                if share.is_usable { KEPT.min(places).min(bound / (2 * usable)) } else { 0 }
            };
            let kept = (kept(bounds.all), kept(bounds.each));
            Provider { places, kept, taken: 0, waiting: 0, waiting_by: BTreeMap::new() }
        };
        // Alone, it takes nothing from anybody.
        let waiting = if usable > 1 { bounds.waiting } else { usize::MAX };
        Self {
            bounds: Bounds { waiting, ..bounds },
            providers: shares.iter().map(provider).collect(),
            lines: BTreeMap::new(),
            last: None,
            entries: BTreeMap::new(),
            taken: 0,
            taken_by: BTreeMap::new(),
            next: 0,
        }
    }

    /// Gets into a line, which has so many places. Which entries have their place then says [`FairQueue::admit`]. `None`
    /// where as many wait for the provider as may, see [`FairQueue::stand`].
    pub(crate) fn join(&mut self, sharer: Sharer, line: LineName, places: u32) -> Option<Ticket> {
        if !self.stand(sharer, line.0) {
            return None;
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        let (turns, taken, waiting) = (VecDeque::new(), 0, 0);
        let fresh = Line { places: number(places), taken, waiting, turns };
        let entry = self.lines.entry(line.clone()).or_insert(fresh);
        entry.places = number(places);
        entry.waiting += 1;
        match entry.turns.iter_mut().find(|(other, _)| *other == sharer) {
            Some((_, tickets)) => tickets.push_back(ticket),
            None => entry.turns.push_back((sharer, VecDeque::from([ticket]))),
        }
        self.entries.insert(ticket, Entry { sharer, line, stage: Stage::Waiting });
        Some(ticket)
    }

    /// Waits for a provider elsewhere than in a line; counts among those that may wait. `false` where as many do as may: a
    /// quarter of those is left by each sharer to the others.
    pub(crate) fn stand(&mut self, sharer: Sharer, provider: usize) -> bool {
        let all = self.bounds.waiting;
        let Some(one) = self.providers.get_mut(provider) else { return false };
        let own = one.waiting_by.get(&sharer).copied().unwrap_or(0);
        let may = one.waiting < all && own < all - all / 4;
        if may {
            one.waiting += 1;
            one.waiting_by.insert(sharer, own + 1);
        }
        may
    }

    /// Does so no more.
    pub(crate) fn unstand(&mut self, sharer: Sharer, provider: usize) {
        if let Some(one) = self.providers.get_mut(provider) {
            one.waits_no_more(sharer);
        }
    }

    /// The line has so many places from now on; those that are taken stay so.
    pub(crate) fn set_places(&mut self, line: &LineName, places: u32) {
        if let Some(line) = self.lines.get_mut(line) {
            line.places = number(places);
        }
    }

    /// The next entry that gets its place. Call until `None` after every `join`, `leave` and `set_places`.
    pub(crate) fn admit(&mut self) -> Option<Ticket> {
        if self.taken >= self.bounds.all {
            return None;
        }
        let (name, sharer, ticket) = self.pick()?;
        let (line, provider) = (self.lines.get_mut(&name)?, self.providers.get_mut(name.0)?);
        line.taken += 1;
        line.waiting -= 1;
        provider.taken += 1;
        provider.waits_no_more(sharer);
        line.take(sharer);
        self.taken += 1;
        *self.taken_by.entry(sharer).or_default().entry(name.0).or_default() += 1;
        if let Some(entry) = self.entries.get_mut(&ticket) {
            entry.stage = Stage::Placed;
        }
        self.last = Some(name);
        Some(ticket)
    }

    /// Who is next, in the first line after the last served that has somebody.
    fn pick(&self) -> Option<(LineName, Sharer, Ticket)> {
        let (after, up_to) = match &self.last {
            Some(last) => {
                ((Bound::Excluded(last), Bound::Unbounded), (Bound::Unbounded, Bound::Included(last)))
            }
            None => ((Bound::Unbounded, Bound::Unbounded), (Bound::Unbounded, Bound::Unbounded)),
        };
        let ring = self.lines.range::<LineName, _>(after).chain(self.lines.range::<LineName, _>(up_to));
        let mut ring = ring.filter(|(name, line)| line.taken < line.places && self.has_room(name.0));
        ring.find_map(|(name, line)| {
            // Sharers at their own bound keep their order, they are only passed over.
            let turn = line.turns.iter().find(|(sharer, _)| self.may_take(*sharer, name.0))?;
            Some((name.clone(), turn.0, *turn.1.front()?))
        })
    }

    /// Whether it has a place of its own, and one of all that is kept for no other.
    fn has_room(&self, provider: usize) -> bool {
        let own = self.providers.get(provider).is_some_and(|one| one.taken < one.places);
        let others = self.providers.iter().enumerate().filter(|(at, _)| *at != provider);
        let kept: usize = others.map(|(_, other)| other.kept.0.saturating_sub(other.taken)).sum();
        own && self.taken.saturating_add(kept) < self.bounds.all
    }

    /// Whether the sharer has one more that it needs for no other provider.
    fn may_take(&self, sharer: Sharer, provider: usize) -> bool {
        let none = BTreeMap::new();
        let taken = self.taken_by.get(&sharer).unwrap_or(&none);
        let others = self.providers.iter().enumerate().filter(|(at, _)| *at != provider);
        let at = |provider: usize| taken.get(&provider).copied().unwrap_or(0);
        let kept: usize = others.map(|(other, one)| one.kept.1.saturating_sub(at(other))).sum();
        taken.values().sum::<usize>().saturating_add(kept) < self.bounds.each
    }

    /// Gives up waiting, or gives the place back.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        let Some(Entry { sharer, line: name, stage }) = self.entries.remove(&ticket) else { return };
        let pair = (self.lines.get_mut(&name), self.providers.get_mut(name.0));
        let (Some(line), Some(provider)) = pair else { return };
        match stage {
            Stage::Waiting => {
                line.waiting -= 1;
                provider.waits_no_more(sharer);
                for (_, tickets) in &mut line.turns {
                    tickets.retain(|other| *other != ticket);
                }
                line.turns.retain(|(_, tickets)| !tickets.is_empty());
            }
            Stage::Placed => {
                line.taken -= 1;
                provider.taken -= 1;
                self.taken -= 1;
                if let Some(taken) = self.taken_by.get_mut(&sharer) {
                    taken.entry(name.0).and_modify(|taken| *taken -= 1);
                    taken.retain(|_, taken| *taken > 0);
                }
                self.taken_by.retain(|_, taken| !taken.is_empty());
            }
        }
        if line.taken + line.waiting == 0 {
            self.lines.remove(&name);
        }
    }

    /// Whereabouts in its line an entry waits, from 1, and how many wait there: the order in which they get their places
    /// if no sharer is at its own bound. `None` once it waits no more.
    pub(crate) fn position(&self, ticket: Ticket) -> Option<(usize, usize)> {
        let entry = self.entries.get(&ticket).filter(|entry| entry.stage == Stage::Waiting)?;
        let line = self.lines.get(&entry.line)?;
        let turn = line.turns.iter().position(|(sharer, _)| *sharer == entry.sharer)?;
        let (_, own) = line.turns.get(turn)?;
        let round = own.iter().position(|other| *other == ticket)?;
        // Everybody before it in the ring has one turn more.
        let turns = line.turns.iter().zip(0..);
        let before = turns.map(|((_, tickets), at)| tickets.len().min(round + usize::from(at < turn)));
        Some((before.sum::<usize>() + 1, line.waiting))
    }

    /// Whether the provider or the model has no place left.
    pub(crate) fn is_full(&self, line: &LineName) -> bool {
        self.providers.get(line.0).is_some_and(|one| one.taken >= one.places)
            || self.lines.get(line).is_some_and(|line| line.taken >= line.places)
    }

    /// Those that wait for a provider, in its lines or elsewhere.
    pub(crate) fn waiting(&self, provider: usize) -> usize {
        self.providers.get(provider).map_or(0, |one| one.waiting)
    }

    /// Entries that wait in each of a provider's lines, by model.
    pub(crate) fn waiting_by_model(&self, provider: usize) -> BTreeMap<Arc<str>, usize> {
        let own = self.lines.iter().filter(|(name, _)| name.0 == provider);
        own.map(|((_, model), line)| (Arc::clone(model), line.waiting)).collect()
    }
}

impl Provider {
    fn waits_no_more(&mut self, sharer: Sharer) {
        self.waiting = self.waiting.saturating_sub(1);
        self.waiting_by.entry(sharer).and_modify(|waiting| *waiting -= 1);
        self.waiting_by.retain(|_, waiting| *waiting > 0);
    }
}

impl Line {
    /// The sharer's first entry gets its turn.
    fn take(&mut self, sharer: Sharer) {
        let turn = self.turns.iter().position(|(other, _)| *other == sharer);
        if let Some((sharer, mut tickets)) = turn.and_then(|turn| self.turns.remove(turn)) {
            tickets.pop_front();
            if !tickets.is_empty() {
                self.turns.push_back((sharer, tickets));
            }
        }
    }
}

#[cfg(test)]
mod tests;

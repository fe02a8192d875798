//! The places at all providers, shared by all calls: a [`FairQueue`] and those who sleep until it is their turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::config::Bounds;
use crate::fair_queue::{FairQueue, LineName, Share, Sharer, Ticket};

/// The places. How many wait is bounded by how many calls there are, which is not decided here, and for each provider by
/// [`Bounds::waiting`].
#[derive(Debug)]
pub(crate) struct Places(Mutex<Inside>);

#[derive(Debug)]
struct Inside {
    queue: FairQueue,
    asleep: BTreeMap<Ticket, oneshot::Sender<()>>,
}

/// A turn that is waited for, or a place: dropping it gives up either, once and for all.
#[derive(Debug)]
pub(crate) struct Turn {
    places: Arc<Places>,
    ticket: Ticket,
    placed: oneshot::Receiver<()>,
}

/// Somebody who waits for a provider elsewhere than in a line, and keeps none of its places meanwhile.
#[derive(Debug)]
pub(crate) struct Stand<'a> {
    places: &'a Places,
    sharer: Sharer,
    provider: usize,
}

impl Places {
    /// So many for each provider.
    pub(crate) fn new(bounds: Bounds, shares: impl IntoIterator<Item = Share>) -> Arc<Self> {
        let queue = FairQueue::new(bounds, shares);
        Arc::new(Self(Mutex::new(Inside { queue, asleep: BTreeMap::new() })))
    }

    /// Gets into the line of a model that takes so many requests at a time; `None` where too many wait for its provider. The
    /// number is asked for under the lock, here and in [`Places::set_places`]: so the newest is what holds, whoever of two
    /// comes first.
    pub(crate) fn join(
        self: &Arc<Self>,
        sharer: Sharer,
        line: LineName,
        places: impl FnOnce() -> u32,
    ) -> Option<Turn> {
        let (wake, placed) = oneshot::channel();
        let mut inside = self.inside();
        let ticket = inside.queue.join(sharer, line, places())?;
        inside.asleep.insert(ticket, wake);
        wake_admitted(inside);
        Some(Turn { places: Arc::clone(self), ticket, placed })
    }

    /// Waits for the provider with this index, without a line; `None` where too many wait already.
    pub(crate) fn stand(&self, sharer: Sharer, provider: usize) -> Option<Stand<'_>> {
        let may = self.inside().queue.stand(sharer, provider);
        may.then(|| Stand { places: self, sharer, provider })
    }

    /// A model takes so many requests at a time from now on.
    pub(crate) fn set_places(&self, line: &LineName, places: impl FnOnce() -> u32) {
        let mut inside = self.inside();
        inside.queue.set_places(line, places());
        wake_admitted(inside);
    }

    /// Whether a model, or its provider, has no place left.
    pub(crate) fn is_full(&self, line: &LineName) -> bool {
        self.inside().queue.is_full(line)
    }

    /// Those who wait for the provider with this index.
    pub(crate) fn waiting(&self, provider: usize) -> usize {
        self.inside().queue.waiting(provider)
    }

    /// The same for each of its models.
    pub(crate) fn waiting_by_model(&self, provider: usize) -> BTreeMap<Arc<str>, usize> {
        self.inside().queue.waiting_by_model(provider)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing in here panics half-way: the queue's steps are plain counting.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake_admitted(mut inside: MutexGuard<'_, Inside>) {
    let mut woken = Vec::new();
    while let Some(ticket) = inside.queue.admit() {
        woken.extend(inside.asleep.remove(&ticket));
    }
    drop(inside);
    for one in woken {
        // Whoever gives up at this moment leaves, and the place goes on to the next.
        let _ = one.send(());
    }
}

impl Turn {
    /// Ends when the place is there.
    pub(crate) async fn placed(&mut self) {
        if (&mut self.placed).await.is_err() {
            // The other end is kept until the place is there.
            std::future::pending().await
        }
    }

    /// Whereabouts in its line it waits, and how many wait there; `None` once the place is there.
    pub(crate) fn position(&self) -> Option<(usize, usize)> {
        self.places.inside().queue.position(self.ticket)
    }
}

impl Drop for Stand<'_> {
    fn drop(&mut self) {
        self.places.inside().queue.unstand(self.sharer, self.provider);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut inside = self.places.inside();
        inside.asleep.remove(&self.ticket);
        inside.queue.leave(self.ticket);
        wake_admitted(inside);
    }
}

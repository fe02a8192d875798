//! Where connections wait until they are sessions: a bounded number, and when one more comes, the one that has been
//! there longest goes. Who has a token needs milliseconds; who has none can't keep it out by staying.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// The connections that wait, longest first.
#[derive(Debug)]
pub(crate) struct Lobby {
    seats: VecDeque<oneshot::Sender<()>>,
    seats_max: usize,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    taken: oneshot::Receiver<()>,
}

impl Lobby {
    /// Empty, with room for so many.
    pub(crate) fn new(seats_max: usize) -> Self {
        Self { seats: VecDeque::new(), seats_max }
    }

    /// A place for one more; in a full lobby that of whoever has been there longest.
    pub(crate) fn enter(&mut self) -> Seat {
        if self.seats.len() >= self.seats_max {
            self.seats.retain(|seat| !seat.is_closed());
        }
        if self.seats.len() >= self.seats_max
            && let Some(longest) = self.seats.pop_front()
        {
            let _ = longest.send(());
        }
        let (seat, taken) = oneshot::channel();
        self.seats.push_back(seat);
        Seat { taken }
    }
}

impl Seat {
    /// Ready when somebody else has it: the connection has to end. Not to be polled after that.
    pub(crate) fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match Pin::new(&mut self.taken).poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            // The listener has closed: nobody comes any more.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;

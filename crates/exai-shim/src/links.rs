//! All connections of the session: at most the one in use, one on suspicion, and dials.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use exai_session::{ConnNo, ConnectError, DialLimits, Transmit};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::dial::{Place, dial};
use crate::socket::{News, Socket};

/// What happened on which connection.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// The upgrade succeeded.
    Connected(ConnNo),
    /// The dial failed.
    Failed(ConnNo, ConnectError),
    /// Bytes came, no whole message yet.
    Bytes(ConnNo),
    /// A message came.
    Frame(ConnNo, Utf8Bytes),
    /// It is over.
    Closed(ConnNo, String),
}

type Dial = Pin<Box<dyn Future<Output = Result<Socket, ConnectError>>>>;

enum Link {
    Dialling(Dial),
    Open(Box<Socket>),
}

/// See the module. Polled by the loop itself, so that nothing has to be handed from task to task.
#[derive(Default)]
pub(crate) struct Links {
    links: Vec<(ConnNo, Link)>,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links.iter().map(|(conn, _)| conn)).finish()
    }
}

impl Links {
    /// Begins a dial.
    pub(crate) fn dial(&mut self, conn: ConnNo, place: Place, limits: DialLimits) {
        self.links.push((conn, Link::Dialling(Box::pin(dial(place, limits)))));
    }

    /// Drops a connection or a dial.
    pub(crate) fn close(&mut self, conn: ConnNo) {
        self.links.retain(|(other, _)| *other != conn);
    }

    /// Queues a frame.
    pub(crate) fn send(&mut self, transmit: Transmit) {
        let link = self.links.iter_mut().find(|(conn, _)| *conn == transmit.conn);
        if let Some((_, Link::Open(socket))) = link {
            socket.push(transmit.text);
        }
    }

    /// What happened next; reading comes first.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        for (conn, link) in &mut self.links {
            let conn = *conn;
            let event = match link {
                Link::Dialling(future) => match future.as_mut().poll(cx) {
                    Poll::Ready(Ok(socket)) => {
                        *link = Link::Open(Box::new(socket));
                        LinkEvent::Connected(conn)
                    }
                    Poll::Ready(Err(error)) => LinkEvent::Failed(conn, error),
                    Poll::Pending => continue,
                },
                Link::Open(socket) => match socket.poll_read(cx) {
                    Poll::Ready(News::Bytes) => LinkEvent::Bytes(conn),
                    Poll::Ready(News::Frame(text)) => LinkEvent::Frame(conn, text),
                    Poll::Ready(News::Closed(why)) => LinkEvent::Closed(conn, why),
                    Poll::Pending => continue,
                },
            };
            return Poll::Ready(self.ended(event));
        }
        Poll::Pending
    }

    /// Writes what waits on all connections. Ready only if one ends by that.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        for (conn, link) in &mut self.links {
            if let Link::Open(socket) = link
                && let Poll::Ready(News::Closed(why)) = socket.poll_write(cx)
            {
                let event = LinkEvent::Closed(*conn, why);
                return Poll::Ready(self.ended(event));
            }
        }
        Poll::Pending
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.links.iter().all(|(_, link)| match link {
            Link::Open(socket) => socket.is_flushed(),
            Link::Dialling(_) => true,
        })
    }

    fn ended(&mut self, event: LinkEvent) -> LinkEvent {
        if let LinkEvent::Failed(conn, _) | LinkEvent::Closed(conn, _) = &event {
            let conn = *conn;
            self.close(conn);
        }
        event
    }
}

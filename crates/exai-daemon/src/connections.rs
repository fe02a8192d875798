//! All connections that are open, with their tasks.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use axum::extract::ws::WebSocket;
use exai_session::PeerConn;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::connection::{self, AllBytes, Outbox, Queued};
use crate::event::Event;
use crate::listen::Meter;
use crate::snapshot::Counts;

/// WebSocket's "try again later".
const TRY_AGAIN: u16 = 1013;

/// Connections by number.
#[derive(Debug)]
pub(crate) struct Connections {
    open: BTreeMap<PeerConn, Outbox>,
    tasks: JoinSet<()>,
    next: u64,
    /// Those that have not told their end.
    live: usize,
    all_bytes: AllBytes,
    events: mpsc::Sender<Event>,
}

impl Connections {
    /// None; what happens on them is told to `events`.
    pub(crate) fn new(events: mpsc::Sender<Event>) -> Self {
        Self {
            open: BTreeMap::new(),
            tasks: JoinSet::new(),
            next: 1,
            live: 0,
            all_bytes: AllBytes::default(),
            events,
        }
    }

    /// Takes a WebSocket over.
    pub(crate) fn open(&mut self, socket: WebSocket, meter: Meter) -> PeerConn {
        let conn = PeerConn(self.next);
        self.next += 1;
        self.live += 1;
        let (outbox, drain) = connection::queue(&self.all_bytes);
        let events = self.events.clone();
        self.tasks.spawn(async move {
            // Whatever becomes of the task, the hub hears of its end, after everything else it had to tell.
            let run = connection::run(conn, socket, meter, drain, &events);
            let _ = AssertUnwindSafe(run).catch_unwind().await;
            let _ = events.send(Event::Closed(conn)).await;
        });
        self.open.insert(conn, outbox);
        conn
    }

    /// Queues a frame. A peer that does not read is closed after what is queued; it asks for the rest when it is
    /// back. Whether it is open.
    pub(crate) fn send(&mut self, conn: PeerConn, frame: String, counts: &mut Counts) -> bool {
        let Some(outbox) = self.open.get(&conn) else { return false };
        match outbox.send(frame) {
            Queued::Yes => true,
            Queued::NoteDropped => {
                counts.notes_dropped += 1;
                true
            }
            Queued::Overflow => {
                counts.overflows += 1;
                tracing::warn!(conn = conn.0, "a peer does not read, closing its connection");
                self.close(conn, TRY_AGAIN, "you do not read");
                false
            }
        }
    }

    /// Closes a connection after what is queued for it.
    pub(crate) fn close(&mut self, conn: PeerConn, code: u16, reason: &str) {
        if let Some(outbox) = self.open.remove(&conn) {
            outbox.close(code, reason);
        }
    }

    /// A connection has ended.
    pub(crate) fn closed(&mut self, conn: PeerConn) {
        self.open.remove(&conn);
        self.live = self.live.saturating_sub(1);
        while self.tasks.try_join_next().is_some() {}
    }

    /// Whether every connection has ended, its close written or given up.
    pub(crate) fn is_empty(&self) -> bool {
        self.live == 0
    }
}

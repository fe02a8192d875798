//! Frames on their way to connections.
//!
//! Invariant: what waits is bounded in bytes, for each connection and for all, before the next frame is made; a frame that
//! goes beyond a bound is the last.

use std::collections::{BTreeMap, VecDeque};

use super::event::PeerConn;

/// Bytes that may wait for one connection: nine results of full length, as many as may wait at its socket.
const ONE_MAX: usize = 64 << 20;

/// Bytes that may wait for all together.
const ALL_MAX: usize = 256 << 20;

/// What waits to be written, in order.
#[derive(Debug, Default)]
pub(super) struct Out {
    frames: VecDeque<(PeerConn, String)>,
    bytes: BTreeMap<PeerConn, usize>,
    all_bytes: usize,
}

impl Out {
    /// Whether one more frame may be made for this connection.
    pub(super) fn has_room(&self, conn: PeerConn) -> bool {
        let own = self.bytes.get(&conn).copied().unwrap_or(0);
        own < ONE_MAX && self.all_bytes < ALL_MAX
    }

    pub(super) fn push(&mut self, conn: PeerConn, frame: String) {
        *self.bytes.entry(conn).or_default() += frame.len();
        self.all_bytes += frame.len();
        self.frames.push_back((conn, frame));
    }

    pub(super) fn pop(&mut self) -> Option<(PeerConn, String)> {
        let (conn, frame) = self.frames.pop_front()?;
        self.all_bytes -= frame.len();
        if let Some(own) = self.bytes.get_mut(&conn) {
            *own -= frame.len();
            if *own == 0 {
                self.bytes.remove(&conn);
            }
        }
        Some((conn, frame))
    }

    /// Nobody reads on this connection any more.
    pub(super) fn forget(&mut self, conn: PeerConn) {
        if let Some(own) = self.bytes.remove(&conn) {
            self.all_bytes -= own;
            self.frames.retain(|(to, _)| *to != conn);
        }
    }
}

#[cfg(test)]
mod tests;

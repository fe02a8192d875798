//! Connections: opened, heard, silent, closed.

use std::time::Duration;

use exai_wire::{DaemonBeat, DaemonFrame, KeptFrame, Reject, RejectCode, SessionId};

use super::DaemonEnd;
use super::event::{CallClass, DaemonEvent, PeerConn};

/// From the upgrade to `hello`.
const HELLO_WITHIN: Duration = Duration::from_secs(3);
/// A shim silent for so long loses its connection; its calls go on. Patience is cheap here.
const SILENT_FOR: Duration = Duration::from_secs(20);
/// Interval of beats when nothing else is sent.
pub(super) const BEAT: Duration = Duration::from_secs(2);

/// Close codes: 1012 is "service restart", 1013 "try again later"; 4000 and up are for applications.
pub(super) const CLOSE_RESTART: u16 = 1012;
pub(super) const CLOSE_CROWDED: u16 = 1013;
pub(super) const CLOSE_REJECTED: u16 = 4000;
pub(super) const CLOSE_FENCED: u16 = 4001;
pub(super) const CLOSE_SILENT: u16 = 4002;
pub(super) const CLOSE_BYE: u16 = 1000;

#[derive(Debug)]
pub(super) struct Conn {
    opened: Duration,
    heard: Duration,
    pub(super) last_sent: Duration,
    /// Set by the welcome.
    pub(super) session: Option<SessionId>,
    /// `hello` was read; the welcome may wait for the journal.
    pub(super) greeted: bool,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// A WebSocket was accepted (its token is right); it has 3 s for its `hello`.
    pub fn opened(&mut self, now: Duration, conn: PeerConn) {
        let open = Conn { opened: now, heard: now, last_sent: now, session: None, greeted: false };
        self.conns.insert(conn, open);
        self.arm(now);
    }

    /// Bytes arrived, counted below the WebSocket layer.
    pub fn bytes_received(&mut self, now: Duration, conn: PeerConn) {
        if let Some(open) = self.conns.get_mut(&conn) {
            open.heard = now;
        }
    }

    /// The connection ended.
    pub fn closed(&mut self, now: Duration, conn: PeerConn) {
        self.out.forget(conn);
        self.leave_connection(now, conn);
    }

    fn leave_connection(&mut self, now: Duration, conn: PeerConn) {
        let Some(closed) = self.conns.remove(&conn) else { return };
        self.greeting.retain(|(waiting, _)| *waiting != conn);
        if let Some(session) = closed.session.and_then(|id| self.sessions.get_mut(&id))
            && session.conn == Some(conn)
        {
            session.conn = None;
            session.lost_at = Some(now);
        }
    }

    /// Closes a connection from this side: nothing that it still sends is read.
    pub(super) fn close(&mut self, now: Duration, conn: PeerConn, code: u16, reason: &str) {
        // What was written before stays in front of the close.
        self.leave_connection(now, conn);
        self.events.push_back(DaemonEvent::Close { conn, code, reason: reason.to_owned() });
    }

    pub(super) fn reject(&mut self, now: Duration, conn: PeerConn, reject: Reject) {
        let reason = reject.message.clone();
        self.send(now, conn, &DaemonFrame::Reject(reject));
        self.close(now, conn, CLOSE_REJECTED, &reason);
    }

    pub(super) fn reject_malformed(&mut self, now: Duration, conn: PeerConn, message: &str) {
        let message = message.to_owned();
        self.reject(
            now,
            conn,
            Reject { code: RejectCode::Malformed, message, retry_after_ms: None, supported: None },
        );
    }

    pub(super) fn sweep_connections(&mut self, now: Duration) {
        let late = |open: &Conn| !open.greeted && open.opened + HELLO_WITHIN <= now;
        let silent = |open: &Conn| open.heard + SILENT_FOR <= now;
        let due = |open: &Conn| open.session.is_some() && open.last_sent + BEAT <= now;
        let find = |wanted: &dyn Fn(&Conn) -> bool| -> Vec<PeerConn> {
            self.conns.iter().filter(|(_, open)| wanted(open)).map(|(conn, _)| *conn).collect()
        };
        let (late, silent, due) = (find(&late), find(&silent), find(&due));
        for conn in late {
            self.reject_malformed(now, conn, "no hello within 3 s of connecting");
        }
        for conn in silent {
            self.close(now, conn, CLOSE_SILENT, "no sign of life for 20 s");
        }
        let beat = DaemonFrame::Beat(self.beat(now));
        for conn in due {
            self.send(now, conn, &beat);
        }
    }

    fn beat(&self, now: Duration) -> DaemonBeat {
        let oldest_ms = self.oldest(now).map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        DaemonBeat {
            epoch: self.config.epoch,
            state: self.state(),
            lag_ms: self.vitals.lag_ms,
            in_flight: u64::try_from(self.in_flight()).unwrap_or(u64::MAX),
            oldest_ms,
            catalogue_hash: self.config.catalogue_hash.clone(),
        }
    }
}

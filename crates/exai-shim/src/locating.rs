//! From the session's wish for a connection to a dial: where the daemon is may stand in a file, and the disk may hang.

use std::time::Duration;

use exai_session::{ConnNo, ConnectError, DialLimits, Link};

use crate::dial::{Place, authority};
use crate::event::Done;
use crate::shim::Shim;

/// A dial that waits for a file.
#[derive(Debug)]
struct Waiting {
    conn: ConnNo,
    limits: DialLimits,
    /// When it has failed for that.
    until: Duration,
}

/// See the module. At most one read runs, however long it hangs.
#[derive(Debug, Default)]
pub(crate) struct Locating {
    waits: Option<Waiting>,
    /// The dial for which a read runs; perhaps one that was given up meanwhile.
    runs: Option<ConnNo>,
}

impl Locating {
    /// When the dial that waits has failed.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        self.waits.as_ref().map(|waits| waits.until)
    }

    /// The session does not want this connection any more.
    pub(crate) fn close(&mut self, conn: ConnNo) {
        self.waits.take_if(|waits| waits.conn == conn);
    }
}

impl Shim {
    /// The session wants a connection.
    pub(crate) fn on_dial(&mut self, now: Duration, conn: ConnNo, limits: DialLimits) {
        if self.up.is_none() {
            self.outage.get_or_insert(now);
        }
        if self.target.file().is_none() {
            let located = self.target.locate();
            return self.dial(now, conn, limits, located);
        }
        self.locating.waits = Some(Waiting { conn, limits, until: now + limits.connect });
        self.locate();
    }

    fn locate(&mut self) {
        let (Some(waits), None) = (&self.locating.waits, self.locating.runs) else { return };
        let (conn, target) = (waits.conn, self.target.clone());
        self.locating.runs = Some(conn);
        self.jobs.block(move || Done::Located(conn, target.locate()));
    }

    /// The read for a dial has ended. For a later dial it is made anew: the file may have changed meanwhile.
    pub(crate) fn on_located(&mut self, now: Duration, conn: ConnNo, located: Result<Place, ConnectError>) {
        self.locating.runs = None;
        match self.locating.waits.take_if(|waits| waits.conn == conn) {
            Some(waits) => self.dial(now, conn, waits.limits, located),
            None => self.locate(),
        }
    }

    /// Fails the dial that has waited too long.
    pub(crate) fn end_locating(&mut self, now: Duration) {
        let Some(waits) = self.locating.waits.take_if(|waits| waits.until <= now) else { return };
        let file = self.target.file().unwrap_or_default();
        let why = format!(
            "{} could not be read within {} ms: the disk does not answer",
            file.display(),
            waits.limits.connect.as_millis()
        );
        self.dial(now, waits.conn, waits.limits, Err(ConnectError::Unreachable(why)));
    }

    fn dial(
        &mut self,
        now: Duration,
        conn: ConnNo,
        limits: DialLimits,
        located: Result<Place, ConnectError>,
    ) {
        match &located {
            Ok(place) => self.address = authority(&place.url),
            // The last one is what people know it by.
            Err(_) if self.address.is_empty() => self.address = self.target.describe(),
            Err(_) => {}
        }
        if let Some(suppressed) = self.throttles.dialling.admit(now) {
            tracing::info!(address = self.address, dial_no = conn.0, suppressed, "dialling");
        }
        match located {
            Ok(place) => {
                self.endpoint.clone_from(&place.endpoint);
                self.is_held = place.is_held;
                self.links.dial(conn, place, limits);
            }
            Err(error) => {
                self.is_held = false;
                self.session.connect_failed(now, conn, error);
                self.need_daemon();
            }
        }
    }

    /// Nobody has called yet: only a daemon that runs is dialled, none is started.
    pub(crate) fn dial_early(&mut self, now: Duration) {
        self.dial_at = None;
        match self.target.file() {
            None => self.session.wake(now),
            Some(_) => {
                let target = self.target.clone();
                self.jobs.block(move || Done::Seen(target.locate().is_ok()));
            }
        }
    }

    /// Whether there is a daemon to dial early is known.
    pub(crate) fn on_seen(&mut self, now: Duration, is_there: bool) {
        if is_there && self.session.link() == Link::Idle {
            self.session.wake(now);
        }
    }
}

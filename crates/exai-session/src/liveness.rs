//! Silence, suspicion, death.
//!
//! Any byte is a sign of life. A machine that slept must not accuse its peer of the silence it slept through: when
//! the own tick comes late by more than a second, the peer's last sign is moved up to five seconds ago, at most
//! twice in a row, so that a peer that really died is still found.

use std::time::Duration;

/// Silence after which a second connection is dialled.
pub(crate) const SUSPECT_AFTER: Duration = Duration::from_secs(5);
/// Silence after which a connection is given up; under 10 s in every case.
pub(crate) const DEAD_AFTER: Duration = Duration::from_secs(8);
/// A tick later than this was not the peer's silence but our own pause.
const OWN_PAUSE: Duration = Duration::from_secs(1);
const PAUSES_MAX: u8 = 2;

#[derive(Debug, Clone)]
pub(crate) struct Liveness {
    heard: Duration,
    pauses: u8,
}

impl Liveness {
    pub(crate) const fn new(now: Duration) -> Self {
        Self { heard: now, pauses: 0 }
    }

    pub(crate) fn heard(&mut self, now: Duration) {
        self.heard = self.heard.max(now);
        self.pauses = 0;
    }

    /// Tells of a tick that was due at `due` and comes `now`.
    pub(crate) fn ticked(&mut self, due: Duration, now: Duration) {
        if now > due + OWN_PAUSE && self.pauses < PAUSES_MAX {
            self.pauses += 1;
            self.heard = self.heard.max(now.saturating_sub(SUSPECT_AFTER));
        }
    }

    pub(crate) fn suspect_at(&self) -> Duration {
        self.heard + SUSPECT_AFTER
    }

    pub(crate) fn dead_at(&self) -> Duration {
        self.heard + DEAD_AFTER
    }

    pub(crate) fn silent_for(&self, now: Duration) -> Duration {
        now.saturating_sub(self.heard)
    }
}

#[cfg(test)]
mod tests;

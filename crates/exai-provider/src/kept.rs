//! The text of an attempt that was lost with an earlier start of the daemon.

use crate::before::{Before, Fate};
use crate::broke::Broke;

/// What such an attempt had brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// Number of the attempt.
    pub attempt: u32,
    /// Name of the provider.
    pub provider: &'a str,
    /// Model that was asked.
    pub model: &'a str,
    /// The text as it was told to [`crate::Observer::partial`].
    pub text: &'a str,
}

impl Kept<'_> {
    /// Why the text broke off.
    pub(crate) fn broke(&self, before: &[Before]) -> Broke {
        match before.iter().find(|before| before.n == self.attempt).map(|before| before.fate) {
            Some(Fate::Cut) => Broke::DaemonRestart,
            Some(Fate::Left) => Broke::Left,
            Some(Fate::Lost) | None => Broke::DaemonLost,
        }
    }
}

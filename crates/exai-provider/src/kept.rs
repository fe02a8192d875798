//! The text of an attempt that was lost with an earlier start of the daemon.

use crate::before::Before;
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
        let was_cut = before.iter().any(|before| before.n == self.attempt && before.cut);
        if was_cut { Broke::DaemonRestart } else { Broke::DaemonLost }
    }
}

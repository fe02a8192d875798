//! The text of an attempt that was lost with an earlier start of the daemon.

use crate::before::{Before, Fate};
use crate::broke::Broke;
use crate::continued::Continued;

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
    /// Where it was continued, in the order of the text.
    pub seams: &'a [KeptSeam],
}

/// Where such a text goes on from that of another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptSeam {
    /// Bytes of the text before it.
    pub at: usize,
    /// Number of the attempt that brought what is right before it.
    pub attempt: u32,
}

impl Kept<'_> {
    /// Why the text broke off.
    pub(crate) fn broke(&self, before: &[Before]) -> Broke {
        broke(self.attempt, before)
    }

    /// Its seams, with the models that had these numbers.
    pub(crate) fn continued(&self, before: &[Before]) -> Vec<Continued> {
        let model = |n: u32| before.iter().find(|before| before.n == n).map(|before| before.model.as_str());
        let after = self.seams.iter().skip(1).map(|seam| model(seam.attempt));
        let after = after.chain(std::iter::once(Some(self.model)));
        let seam = |(seam, to): (&KeptSeam, Option<&str>)| Continued {
            at_char: self.text.get(..seam.at).unwrap_or(self.text).chars().count() as u64,
            from_model: model(seam.attempt).unwrap_or_default().to_owned(),
            to_model: to.unwrap_or_default().to_owned(),
            cause: broke(seam.attempt, before),
        };
        self.seams.iter().zip(after).map(seam).collect()
    }
}

/// Why the text of this attempt broke off.
fn broke(attempt: u32, before: &[Before]) -> Broke {
    match before.iter().find(|before| before.n == attempt).map(|before| before.fate) {
        Some(Fate::Cut) => Broke::DaemonRestart,
        Some(Fate::Left) => Broke::Left,
        Some(Fate::Failed) => Broke::FailedEarlier,
        Some(Fate::Lost) | None => Broke::DaemonLost,
    }
}

//! The deltas of one answer: whole, or what comes after the beginning that the client has already.

use super::{GoingOn, Request, Stream, answer};

/// Content, delta by delta.
#[derive(Debug)]
pub(crate) enum Contents {
    /// Known ones.
    Given(Vec<String>),
    /// Made as they are sent: there may be a hundred thousand.
    Made {
        /// Of the prompt.
        digest: String,
        /// How many.
        chunks: u64,
        /// Fewest bytes of each.
        width: usize,
    },
}

/// A client wants to go on from a text that is not how the answer begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtherBeginning;

impl Contents {
    /// What this request is sent.
    pub(crate) fn of(request: &Request, stream: &Stream) -> Result<Self, OtherBeginning> {
        let whole = match &stream.text {
            Some(text) => Self::Given(answer::split(text, stream.chunks)),
            None => Self::Made { digest: request.digest.clone(), chunks: stream.chunks, width: stream.width },
        };
        match (&request.begun, &stream.going_on) {
            (None, _) => Ok(whole),
            (Some(begun), GoingOn::Rest) => whole.after(begun, String::new()),
            (Some(begun), GoingOn::Overlap(chars)) => {
                let from = begun.chars().count().saturating_sub(*chars);
                whole.after(begun, begun.chars().skip(from).collect())
            }
            (Some(_), GoingOn::Anew(greeting)) => Ok(whole.behind(greeting.clone())),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Given(pieces) => pieces.len() as u64,
            Self::Made { chunks, .. } => *chunks,
        }
    }

    /// Piece `n`, from 0.
    pub(crate) fn get(&self, n: u64) -> String {
        match self {
            Self::Given(pieces) => {
                usize::try_from(n).ok().and_then(|n| pieces.get(n)).cloned().unwrap_or_default()
            }
            Self::Made { digest, width, .. } => answer::piece(digest, n + 1, *width),
        }
    }

    /// What comes after `begun`, behind a piece `first`.
    fn after(&self, begun: &str, first: String) -> Result<Self, OtherBeginning> {
        let mut left = begun;
        let mut pieces: Vec<String> = Some(first).into_iter().filter(|first| !first.is_empty()).collect();
        for n in 0..self.len() {
            let piece = self.get(n);
            match (left.strip_prefix(piece.as_str()), piece.strip_prefix(left)) {
                (Some(rest), _) => left = rest,
                (None, Some(rest)) => {
                    pieces.push(rest.to_owned());
                    left = "";
                }
                (None, None) => return Err(OtherBeginning),
            }
        }
        if left.is_empty() { Ok(Self::Given(pieces)) } else { Err(OtherBeginning) }
    }

    fn behind(self, first: String) -> Self {
        if first.is_empty() {
            return self;
        }
        let pieces = (0..self.len()).map(|n| self.get(n));
        Self::Given(Some(first).into_iter().chain(pieces).collect())
    }
}

//! What is kept, as its owner is told of it: the same JSON from a running daemon, and out of its journal when none runs.
//!
//! Reading may block on the disk, so nothing here is called by the io thread. Prompts and answers go to whoever asked, and
//! nowhere else.

mod calls;
mod conversations;
mod offline;

use std::sync::Arc;

use exai_journal::{Archive, ArchiveError, Turns, TurnsError};

pub(crate) use calls::{CALLS_MAX, Found, list};
pub use offline::OfflineJournal;

/// Digits of an id that are enough to look for it.
const DIGITS_MIN: usize = 6;

/// Digits of a whole id.
const DIGITS: usize = 32;

/// Why there is nothing to tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// No id begins so.
    #[error("no {what} is kept whose id begins with {digits}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// By what.
        digits: String,
    },
    /// Several do.
    #[error("the id of more than one {what} begins with {digits}: give more of its digits")]
    Ambiguous {
        /// What was looked for.
        what: &'static str,
        /// By what.
        digits: String,
    },
    /// No id looks so.
    #[error("an id is given by its 32 hexadecimal digits, or by the first 6 or more of them")]
    Malformed,
    /// It can't be read now.
    #[error("{0}")]
    Unreadable(String),
}

impl From<ArchiveError> for LookupError {
    fn from(error: ArchiveError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<TurnsError> for LookupError {
    fn from(error: TurnsError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// What a daemon looks things up in.
#[derive(Clone)]
pub(crate) struct Shelf {
    /// The journal, to look at.
    pub(crate) archive: Arc<dyn Archive>,
    /// Its conversations.
    pub(crate) turns: Arc<dyn Turns>,
}

/// The digits by which an id is meant, as ids are written.
///
/// # Errors
/// [`LookupError::Malformed`].
pub(crate) fn digits(text: &str) -> Result<String, LookupError> {
    let digits: String = text.trim().chars().filter(|char| *char != '-').collect();
    let well_formed = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !well_formed || !(DIGITS_MIN..=DIGITS).contains(&digits.len()) {
        return Err(LookupError::Malformed);
    }
    Ok(digits.to_ascii_lowercase())
}

/// The only one of these ids.
fn only<T>(what: &'static str, digits: &str, found: impl IntoIterator<Item = T>) -> Result<T, LookupError> {
    let mut found = found.into_iter();
    let digits = digits.to_owned();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(LookupError::Unknown { what, digits }),
        (Some(_), Some(_)) => Err(LookupError::Ambiguous { what, digits }),
    }
}

#[cfg(test)]
mod tests;

//! API keys, which must never reach a log or a result.

use std::fmt;

/// An API key. Shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

/// Not usable as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is visible ASCII without blanks")]
pub struct KeyError;

impl Key {
    /// Takes a key of visible ASCII characters; blanks around it are dropped.
    ///
    /// # Errors
    /// For an empty text and for characters that can't stand in a header.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret, for the header alone.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

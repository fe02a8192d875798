//! The shared secret of shims and daemon.

use std::fmt;
use std::hint::black_box;

/// The secret; shown by nothing, compared in time that does not tell how much of it was right.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// A token with this text.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the endpoint file alone.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether an `Authorization` header carries this token as `Bearer`. The scheme is case-insensitive (RFC 9110).
    pub(crate) fn authorizes(&self, header: Option<&str>) -> bool {
        let Some((scheme, presented)) = header.and_then(|header| header.trim().split_once(' ')) else {
            return false;
        };
        scheme.eq_ignore_ascii_case("bearer") && self.equals(presented.trim())
    }

    /// Looks at every byte of what was presented, whatever the first difference. The length of the secret may show.
    fn equals(&self, presented: &str) -> bool {
        let mut difference = self.0.len() ^ presented.len();
        let secret = self.0.bytes().chain(std::iter::repeat(0));
        for (expected, given) in secret.zip(presented.bytes()) {
            difference |= usize::from(black_box(expected ^ given));
        }
        black_box(difference) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests;

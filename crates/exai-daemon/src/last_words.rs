//! What is said on stderr before the end.

use std::fmt;
use std::io::Write as _;

/// Says it if it can be said: stderr may be a file on the very disk that is full, and a daemon that panics over that would
/// not end as it should.
pub(crate) fn last_words(words: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

//! Two columns for people: a label, and what there is to say.

use std::fmt::Write as _;

/// Lines so far.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) text: String,
}

impl Lines {
    pub(crate) fn add(&mut self, label: &str, value: &str) {
        // Writing to a String can't fail.
        let _ = writeln!(self.text, "{label:<10}{value}");
    }
}

//! Everything that happened, as text: the same seed gives the same, byte for byte.

use std::fmt::Write as _;
use std::time::Duration;

/// The lines of one run, if anybody wants them.
#[derive(Debug, Default)]
pub struct Trace {
    lines: Option<String>,
}

impl Trace {
    pub(crate) fn new(wanted: bool) -> Self {
        Self { lines: wanted.then(String::new) }
    }

    pub(crate) fn note(&mut self, now: Duration, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let _ = writeln!(lines, "{:>12.6} {}", now.as_secs_f64(), line());
        }
    }

    /// All of it; empty where nobody wanted it.
    pub fn text(&self) -> &str {
        self.lines.as_deref().unwrap_or_default()
    }
}

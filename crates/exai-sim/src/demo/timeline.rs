//! What the host saw, as it happens.

use std::io::Write;
use std::time::{Duration, Instant};

/// Prints events with the time since the beginning.
pub(super) struct Timeline<'a> {
    out: &'a mut dyn Write,
    start: Instant,
}

impl<'a> Timeline<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, start: Instant::now() }
    }

    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// A line without a time.
    pub(super) fn say(&mut self, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// What happens now.
    pub(super) fn event(&mut self, who: &str, text: &str) -> std::io::Result<()> {
        self.event_at(self.now(), who, text)
    }

    /// What happened at this time.
    pub(super) fn event_at(&mut self, at: Duration, who: &str, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "{:8.3} s  {who:<9}{text}", at.as_secs_f64())?;
        self.out.flush()
    }
}

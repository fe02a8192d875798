//! The progress notification.

use std::fmt::Write as _;
use std::time::Duration;

use crate::json::push_string;
use crate::revision::{ProgressText, Revision};

/// Longest gap between two notifications of a call. Hosts that extend their patience on progress count in tens
/// of seconds.
pub(crate) const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Longest text, in characters: hosts show one short line.
pub(crate) const TEXT_CHARS_MAX: usize = 120;

/// The line. `token` is raw, `seconds` the age of the call.
pub(crate) fn line(revision: Revision, token: &str, seconds: u64, text: &str) -> String {
    let mut line = String::with_capacity(160 + token.len() + text.len());
    line.push_str(
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":",
    );
    line.push_str(token);
    // Writing to a string does not fail.
    let _ = write!(line, ",\"progress\":{seconds}");
    match revision.rules().progress {
        ProgressText::Message if !text.is_empty() => {
            line.push_str(",\"message\":");
            push_string(&mut line, text);
        }
        ProgressText::Message | ProgressText::None => {}
    }
    line.push_str("}}");
    line
}

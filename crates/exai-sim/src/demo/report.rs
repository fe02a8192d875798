//! What the demo found out.

use std::time::Duration;

use super::cast::shown;

/// The outcome of a demo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DemoReport {
    /// Tool calls made.
    pub calls: u64,
    /// Those answered exactly once.
    pub answered_once: u64,
    /// Those whose answer is what the provider was to say.
    pub right: u64,
    /// Requests that reached the provider.
    pub provider_requests: u64,
    /// Those of them that the kill cut.
    pub cut_requests: u64,
    /// How many attempts the interrupted answer says it took; 0: it does not say.
    pub attempts_stated: u64,
    /// From the kill to the next answer.
    pub pause: Duration,
    /// From the kill to the moment when a daemon was ready again.
    pub away: Duration,
    /// Progress notifications that the host got.
    pub progress: u64,
    /// What else was not as promised, a sentence each.
    pub complaints: Vec<String>,
}

impl DemoReport {
    /// Whether every call was answered exactly once with the right content, and nothing else was wrong.
    pub fn is_success(&self) -> bool {
        self.calls > 0
            && self.answered_once == self.calls
            && self.right == self.calls
            && self.complaints.is_empty()
    }

    /// Lines for people.
    pub(super) fn summary(&self) -> String {
        let again = self.pause.saturating_sub(self.away);
        let mut lines = vec![
            format!("  calls made               {}", self.calls),
            format!("  answered exactly once    {} of {}", self.answered_once, self.calls),
            format!("  with the right content   {} of {}", self.right, self.calls),
            format!(
                "  requests to the provider {} ({} cut by the kill and asked again)",
                self.provider_requests, self.cut_requests
            ),
            format!("  attempts stated          {} in the answer that was interrupted", self.attempts_stated),
            format!("  progress notifications   {}", self.progress),
            format!(
                "  pause                    {}: {} without a daemon, {} until the next answer",
                shown(self.pause),
                shown(self.away),
                shown(again)
            ),
        ];
        lines.extend(
            self.complaints.iter().map(|complaint| format!("  not as promised          {complaint}")),
        );
        lines.push(String::new());
        lines.push(if self.is_success() {
            "The daemon died in the middle of an answer. The host saw a pause, and every answer once."
                .to_owned()
        } else {
            "This is not what exai promises: please report it, with the lines above.".to_owned()
        });
        lines.join("\n")
    }
}

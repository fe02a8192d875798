//! Whoever watches a call.

/// Hears how a call goes on. Calls are short and never block.
pub trait Observer: Send + Sync {
    /// A short sentence with stage and counters; the newest replaces the one before. At most one a second
    /// while an answer streams.
    fn note(&self, text: String);

    /// Text of the answer as it comes: `offset` in bytes within the text of this attempt.
    fn partial(&self, attempt: u32, offset: usize, text: &str) {
        let _ = (attempt, offset, text);
    }
}

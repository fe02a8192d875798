//! Whoever watches a call.

/// Hears how a call goes on. Calls are short and never block.
pub trait Observer: Send + Sync {
    /// A short sentence with stage and counters; the newest replaces the one before. At most one a second
    /// while an answer streams.
    fn note(&self, text: String);

    /// The hook for checkpoints of an answer on its way: its newest text, `offset` in bytes within the whole answer as this
    /// attempt knows it, the beginning that it goes on from included. Pieces of an attempt follow one another without gap
    /// and say nothing twice. The first stands where the attempt said that it goes on from ([`crate::Gate::begin`]), or at
    /// 0: then the answer begins anew, whatever was said.
    ///
    /// Called at most once for each piece that the network brings; does nothing unless implemented.
    fn partial(&self, attempt: u32, offset: usize, text: &str) {
        let _ = (attempt, offset, text);
    }
}

//! Permission for a request that may be billed.

use crate::transport::BoxFuture;

/// Why no further request may go out for this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The call is over (cancelled or past its deadline).
    #[error("the call is over")]
    Over,
    /// Three requests that may have been billed were made.
    #[error("three attempts that may have been billed were made")]
    Exhausted,
    /// Nobody waits for the answer any more.
    #[error("nobody waits for the answer any more")]
    Orphaned,
    /// The daemon is about to stop.
    #[error("the daemon is about to stop")]
    Draining,
    /// The journal could not keep the start of the attempt.
    #[error("the journal could not keep the start of the attempt")]
    NotKept,
}

/// Counts attempts over the call's whole life, restarts of the daemon included.
pub trait Gate: Send + Sync {
    /// Asks for an attempt before the first byte goes out; its number counts from 1. One that was granted and not billed
    /// (connection refused, refusal before generation) gives its number back, here as `unused`: the next request is kept under
    /// the name of whom it goes to, and both count once.
    ///
    /// `continues`: so many bytes of the longest text so far are what it goes on from; 0: it begins from nothing. The text
    /// may be longer, since not every end is a good place to go on from.
    fn begin<'a>(
        &'a self,
        unused: Option<u32>,
        provider: &'a str,
        model: &'a str,
        continues: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>>;

    /// The attempt that was granted last has failed, and may have been billed: whatever comes next, it was not that which
    /// broke it.
    fn failed(&self) {}

    /// The attempt that was granted last has failed and cost nothing, so it is none. No request goes out under its number until
    /// [`Gate::begin`] has granted it anew: a daemon that dies meanwhile has to tell the next one whether anything may have
    /// been billed.
    fn cost_nothing(&self) {}
}

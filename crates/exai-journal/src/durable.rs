//! The seal.

/// Something that a journal holds. Nothing outside this crate can make one:
///
/// ```compile_fail
/// let forged = exai_journal::Durable(1);
/// ```
#[derive(Debug, Clone)]
pub struct Durable<T>(T);

impl<T> Durable<T> {
    /// For the journal, of what its store has just confirmed.
    pub(crate) fn seal(kept: T) -> Self {
        Self(kept)
    }
}

impl<T> AsRef<T> for Durable<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

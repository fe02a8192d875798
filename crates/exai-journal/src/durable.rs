//! The seal.

use std::any::Any;

/// Something that a journal holds. There is no way to make one but [`Seal::seal`], and a [`Seal`] is handed out by
/// nothing but a journal's commit.
#[derive(Debug, Clone)]
pub struct Durable<T>(T);

impl<T> Durable<T> {
    /// Takes it out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> AsRef<T> for Durable<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

/// The right to seal, which a journal keeps to itself and uses after a commit.
#[derive(Debug)]
pub struct Seal(());

impl Seal {
    /// For implementations of [`crate::Journal`] only: made once, when the journal is opened.
    #[doc(hidden)]
    pub fn for_journal<J: crate::Journal + Any>(_journal: &J) -> Self {
        Self(())
    }

    /// Seals what is durable now.
    pub fn seal<T>(&self, kept: T) -> Durable<T> {
        Durable(kept)
    }
}

//! Bugs of the whole that the simulation must find: those of the journal are stores, the others are the world's.

use crate::bug::Bug;

/// A seeded bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// One of the journal.
    Journal(Bug),
    /// A call that is sent again is another call for the daemon, and shims send everything again.
    NoDedup,
    /// An answer counts as delivered before the host has it.
    AckBeforeWrite,
}

impl Seeded {
    /// All, with their names.
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        let journal = Bug::ALL.into_iter().map(|(name, bug)| (name, Self::Journal(bug)));
        journal.chain([("no-dedup", Self::NoDedup), ("ack-before-write", Self::AckBeforeWrite)])
    }
}

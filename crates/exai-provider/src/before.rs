//! What earlier starts of the daemon did for a call.

/// An attempt that an earlier start of the daemon was allowed and did not live to report; whether its first byte went out
/// is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// Its number over the call's life, from 1.
    pub n: u32,
    /// Name of the provider; empty where the journal has lost it.
    pub provider: String,
    /// Model that was asked; empty where the journal has lost it.
    pub model: String,
    /// What ended it.
    pub fate: Fate,
}

/// What ended an attempt of earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The daemon ended without warning.
    Lost,
    /// An orderly restart cut it.
    Cut,
    /// It failed or was broken off when nobody waited for its call any more.
    Left,
    /// It failed, and another one was begun; why is not known any more.
    Failed,
}

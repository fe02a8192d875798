//! Whom a failure speaks against, how much, and what is to happen then: what breakers and limits need to know of a cause.
//!
//! [`Cause::scope`] names every cause, so that a new one has to say where it belongs; the table of its tests asks for the rest.

use std::time::Duration;

use crate::cause::{Cause, StallClock};

/// A quota whose end nobody told.
const QUOTA: Duration = Duration::from_secs(15 * 60);

/// Whom a failure speaks against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All that is asked at this address with this key.
    Endpoint,
    /// This model there.
    Model,
    /// Nobody there.
    Nobody,
}

/// How much it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Not at all.
    None,
    /// Half a failure.
    Half,
    /// A failure.
    Full,
}

/// When nobody is to be asked there any more, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens {
    /// After so many.
    ByCount,
    /// At once, until the moment that the provider tells, else for so long.
    Until(Duration),
    /// At once, until somebody has changed something elsewhere.
    UntilChanged,
}

impl Cause {
    /// Whom it speaks against.
    pub(crate) const fn scope(self) -> Scope {
        match self {
            Self::Connect | Self::Dns | Self::Tls | Self::AuthDead | Self::AccountDead => Scope::Endpoint,
            // What stands at the address is the same for every model.
            Self::Encoded | Self::WrongAddress => Scope::Endpoint,
            Self::Server
            | Self::Rate
            | Self::Quota
            | Self::ModelGone
            | Self::EmptyAnswer
            | Self::Stall(_)
            | Self::Cut
            | Self::Malformed
            | Self::TooLarge
            | Self::Page => Scope::Model,
            Self::ContextOverflow
            | Self::BadRequest
            | Self::Policy
            | Self::Deadline
            | Self::Busy
            | Self::Budget
            | Self::Unpriced
            | Self::Open
            | Self::Denied(_)
            | Self::NoKey
            | Self::Retired
            | Self::UnknownModel => Scope::Nobody,
        }
    }

    /// How much it counts.
    pub(crate) const fn weight(self) -> Weight {
        match self {
            Self::Connect
            | Self::Dns
            | Self::Tls
            | Self::Server
            | Self::Quota
            | Self::AuthDead
            | Self::AccountDead
            | Self::Stall(StallClock::FirstEvent | StallClock::Idle | StallClock::Trickle)
            | Self::Cut
            | Self::Malformed
            | Self::Encoded
            | Self::Page
            | Self::WrongAddress => Weight::Full,
            // The call's own time had a part in it.
            Self::EmptyAnswer | Self::Stall(StallClock::Reserve) => Weight::Half,
            // A rate limit shrinks the limit instead, and a model that is gone is in quarantine; too long an answer is the
            // question's doing as much as the model's. What speaks against nobody has no weight either.
            _ => Weight::None,
        }
    }

    /// What is to happen after it; means nothing where it has no weight.
    pub(crate) const fn opens(self) -> Opens {
        match self {
            Self::Quota => Opens::Until(QUOTA),
            Self::AuthDead | Self::AccountDead => Opens::UntilChanged,
            _ => Opens::ByCount,
        }
    }
}

#[cfg(test)]
mod tests;

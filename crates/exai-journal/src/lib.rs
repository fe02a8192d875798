//! What was promised and what was delivered.
//!
//! A [`Store`] makes records durable; the [`Journal`] around it seals the frame that speaks of a record once the store has
//! it. A [`Durable`] can be made by nothing else, so a frame about kept state that reaches the wire is true.

mod durable;
mod journal;
mod model;
mod store;

pub use durable::Durable;
pub use journal::{Committed, Journal};
pub use model::ModelStore;
pub use store::{JournalError, Store};

#[cfg(test)]
mod tests;

//! A seam in an answer.

use serde::Serialize;

use crate::broke::Broke;

/// Where one attempt went on from the text of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Continued {
    /// Characters of the answer before the seam.
    pub at_char: u64,
    /// Model that was asked for the text before.
    pub from_model: String,
    /// Model that was asked to go on.
    pub to_model: String,
    /// Why the text before broke off.
    pub cause: Broke,
}

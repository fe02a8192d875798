//! What was promised and what was delivered.
//!
//! A [`Store`] makes records durable; the [`Journal`] around it seals the frame that speaks of a record once the store has
//! it, and folds what an earlier daemon wrote into the calls that the next one begins with. A [`Durable`] can be made by
//! nothing else, so a frame about kept state that reaches the wire is true.

mod archive;
mod durable;
mod journal;
mod memos;
mod model;
mod model_memos;
mod recovery;
mod row;
mod store;
mod turns;

pub use archive::{Archive, ArchiveError};
pub use durable::Durable;
pub use journal::{Committed, Journal, Recovered};
pub use memos::{MEMO_BYTES_MAX, MEMOS_MAX, Memo, MemoChange, Memos, MemosError};
pub use model::{ModelDisk, ModelStore, Pace};
pub use model_memos::ModelMemos;
pub use recovery::Recovery;
pub use row::{ConversationHead, KeptTurn, Kind, Row, RowError, Written};
pub use store::{JournalError, Store};
pub use turns::{Turns, TurnsError};

#[cfg(test)]
mod tests;

//! The journal on a disk: a [`Store`](exai_journal::Store) on SQLite.
//!
//! One thread writes ([`writer`]), what waits for it goes into one transaction, and a transaction is on the disk before anybody
//! hears of it. Another thread reads kept ends, so that a disk that hangs on a sync delays no answer that was kept before.
//! Every transaction checks that the epoch is still the one that this store began: locks of file systems can lie.

mod archive;
mod error;
mod first_look;
mod group;
mod housekeeping;
mod log_file;
mod mailbox;
mod maintenance;
mod memos;
mod open;
mod options;
mod place;
mod probe;
mod reader;
mod room;
mod rows;
mod schema;
mod store;
mod turns;
mod turns_room;
mod view;
mod writer;

pub use archive::{SqliteArchive, delete_conversation};
pub use error::{Fault, OpenError};
pub use maintenance::{Calls, Repaired, Report, Sizes, check, compact, repair};
pub use memos::SqliteMemos;
pub use options::Options;
pub use store::SqliteStore;
pub use turns::SqliteTurns;

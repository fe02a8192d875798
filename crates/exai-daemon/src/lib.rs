//! Listens, admits, journals, executes, drains, tells its health.
//!
//! Two runtimes. *io* is one thread: connections, frames, the sessions' state machine, the journal, health and HTTP;
//! whatever proves life lives there, and nothing there blocks. *work* runs tools and providers. Bounded channels
//! are all that they share, and a plain thread watches both.
//!
//! One event takes this way: `connection` → `hub` → `exai_session::DaemonEnd` → `journaling`, `executor` →
//! `work` → `toolbox`, and back.

mod atomic_file;
mod boot;
mod clock;
mod connection;
mod connections;
mod conversations;
mod descriptors;
mod discovering;
mod drain;
mod endpoint;
mod event;
mod executor;
mod failure;
mod forgetting;
mod guard;
mod health;
mod health_file;
mod http;
mod hub;
mod idle;
mod journaling;
mod journals;
mod keeper;
mod kept;
mod last_words;
mod listen;
mod lobby;
mod lock;
mod log;
mod lookups;
mod memory;
mod metrics;
mod models;
mod options;
mod query;
mod random;
mod same_file;
mod signals;
mod slips;
mod snapshot;
mod strain;
mod token;
mod toolbox;
mod vitals;
mod watchdog;
mod witness;
mod work;

pub use boot::run;
pub use journals::AnyStore;
pub use kept::{LookupError, OfflineJournal};
pub use lock::{LockError, StateLock};
pub use options::{DaemonOptions, Extras, Mode, Runtimes};

//! What a store is told when it is opened.

use std::path::PathBuf;

/// Where the journal lies and how much it may take.
#[derive(Debug, Clone)]
pub struct Options {
    /// The state directory, on a local disk. It exists, and its lock is held by the caller.
    pub dir: PathBuf,
    /// Bytes for calls. New ones are refused while the file holds more than this and `turns_bytes_max` together; ends of
    /// calls are written beyond it.
    pub bytes_max: u64,
    /// Bytes for conversations, in the same file; of more than these the oldest go. What they leave free serves calls, too.
    pub turns_bytes_max: u64,
    /// Size of the file that holds room for ends of calls on a full disk. 0: none.
    pub reserve_bytes: u64,
}

/// Enough for two of the largest results, or for hundreds of usual ones.
const RESERVE_BYTES: u64 = 16 << 20;

impl Options {
    /// A journal in this directory, with room enough for a machine's work.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            bytes_max: 256 << 20,
            turns_bytes_max: 64 << 20,
            reserve_bytes: RESERVE_BYTES,
        }
    }
}

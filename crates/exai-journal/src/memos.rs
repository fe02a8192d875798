//! Notes that outlive a daemon and belong to no call. What they say is nobody's business here.

/// Most of them in a journal. For one more, the one whose time ends first goes.
pub const MEMOS_MAX: usize = 512;

/// Longest name, and longest body, in bytes. What is longer is not kept, and what the name stood for neither: it would be
/// out of date.
pub const MEMO_BYTES_MAX: usize = 1024;

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memo {
    /// The moment, in milliseconds since 1970, from which on it says nothing any more.
    pub until_ms: u64,
    /// What it says.
    pub body: String,
}

/// Memos can't be read now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("memos can't be read: {0}")]
pub struct MemosError(pub String);

/// Where memos are kept.
///
/// Nobody waits for them: one that was put a moment ago may not be read yet. It survives the end of the process once it was
/// written, a quarter of a second later at most while the disk does its part, or with the next record that somebody waits
/// for; a machine that loses its power may lose what came after the newest such record.
pub trait Memos: Send + Sync {
    /// All of them, by name, those whose time is over included. May block on the disk.
    ///
    /// # Errors
    /// [`MemosError`].
    fn all(&self) -> Result<Vec<(String, Memo)>, MemosError>;

    /// Keeps one under a name, in place of what it stood for; `None`: nothing any more. Never blocks. A store that another
    /// daemon has taken over from, or that is out of room, keeps nothing.
    fn put(&self, name: &str, memo: Option<Memo>);

    /// Has those removed whose time ended before then (milliseconds since 1970). Never blocks.
    fn forget_before(&self, at_ms: u64);
}

/// What a store is asked about its memos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemoChange {
    /// Keep it.
    Keep(String, Memo),
    /// Remove the one of this name.
    Remove(String),
    /// Remove those whose time ended before then.
    ForgetBefore(u64),
}

impl MemoChange {
    /// What comes of a [`Memos::put`], within the bounds.
    pub fn of_put(name: &str, memo: Option<Memo>) -> Self {
        let name = name.to_owned();
        match memo.filter(|memo| name.len() <= MEMO_BYTES_MAX && memo.body.len() <= MEMO_BYTES_MAX) {
            Some(memo) => Self::Keep(name, memo),
            None => Self::Remove(name),
        }
    }
}

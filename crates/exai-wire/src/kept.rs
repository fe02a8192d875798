//! A call as a journal's records tell of it: what a daemon begins with.

use crate::id::CallId;
use crate::record::{Asked, Attempt, End};

/// One call of an earlier start.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Key.
    pub call_id: CallId,
    /// What was asked; `None` for a cancel that came before its call.
    pub asked: Option<Asked>,
    /// Attempts that were begun, in order. Their text may have been lost with the daemon.
    pub attempts: Vec<Attempt>,
    /// Numbers of those that an orderly drain cut.
    pub cut: Vec<u32>,
    /// Numbers of those that failed and may have been billed, as far as that was written before the daemon ended.
    pub failed: Vec<u32>,
    /// Number of the one that cost nothing and was not begun again: it counts as none.
    pub unused: Option<u32>,
    /// The longest text that an attempt brought.
    pub partial: Option<Partial>,
    /// How it ended, if it has.
    pub ended: Option<Ended>,
    /// When its answer reached its host.
    pub acked_ms: Option<u64>,
    /// Its host was answered otherwise.
    pub detached: bool,
    /// Another call has taken over its answer.
    pub adopted: bool,
    /// Only its id is left.
    pub buried_ms: Option<u64>,
}

/// Text that an attempt had brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// Number of the attempt.
    pub attempt: u32,
    /// All of it, what the attempt continued from included.
    pub text: String,
    /// Where it was continued, in the order of the text.
    pub seams: Vec<Seam>,
}

/// Where a text goes on from that of another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// Bytes of the text before it.
    pub at: usize,
    /// Number of the attempt that brought what is right before it.
    pub attempt: u32,
}

/// The end of a call, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub end: End,
    /// Size of the result object.
    pub bytes: usize,
}

impl Kept {
    /// A call of which nothing is known but its key.
    pub const fn new(call_id: CallId) -> Self {
        Self {
            call_id,
            asked: None,
            attempts: Vec::new(),
            cut: Vec::new(),
            failed: Vec::new(),
            unused: None,
            partial: None,
            ended: None,
            acked_ms: None,
            detached: false,
            adopted: false,
            buried_ms: None,
        }
    }

    /// Attempts begun over its whole life, those under a lost journal included, but not one that cost nothing.
    pub fn attempts_made(&self) -> u32 {
        self.highest(|n| Some(n) != self.unused)
    }

    /// The highest number under which one was begun, whatever it cost.
    pub fn attempts_numbered(&self) -> u32 {
        self.highest(|_| true)
    }

    fn highest(&self, counts: impl Fn(u32) -> bool) -> u32 {
        let before = self.asked.as_ref().map_or(0, |asked| asked.attempts_before);
        self.attempts.iter().map(|attempt| attempt.n).filter(|n| counts(*n)).fold(before, u32::max)
    }
}

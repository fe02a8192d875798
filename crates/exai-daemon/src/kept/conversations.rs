//! Conversations: a line each in the list, and one with its turns.

use exai_journal::{Archive, ConversationHead, KeptTurn};
use exai_wire::{CallId, ConversationKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::calls::json;
use super::{LookupError, Shelf, only};

/// What a list holds at most: with some 130 bytes each 13 MB, of which askers take a multiple.
const CONVERSATIONS_MAX: usize = 100_000;

/// How many of a list are shown with their first question; each takes reading a turn.
const FIRSTS_MAX: usize = 200;

/// Characters of a first question that are shown.
const FIRST_CHARS: usize = 40;

/// Bytes of turns in one answer, beyond which the rest comes with the next. One turn is at most as long as its call.
const PAGE_BYTES: u64 = 4 << 20;

#[derive(Serialize)]
struct List {
    /// The newest first.
    conversations: Vec<Line>,
    /// Older ones beyond those.
    left_out: usize,
}

/// Moments are milliseconds since 1970.
#[derive(Serialize)]
struct Line {
    id: ConversationKey,
    turns: u64,
    bytes: u64,
    began_ms: u64,
    last_ms: u64,
    /// The beginning of the first question; only of the newest ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
}

/// Turns of a conversation.
#[derive(Serialize)]
struct Page {
    id: ConversationKey,
    turns: Vec<Turn>,
    /// Number of the turn to go on from; `None`: these are the last.
    next: Option<u64>,
}

#[derive(Serialize)]
struct Turn {
    seq: u64,
    at_ms: u64,
    call: CallId,
    /// Question and answer, as the tools wrote them.
    exchange: Box<RawValue>,
}

impl Shelf {
    /// All conversations, as JSON.
    ///
    /// # Errors
    /// [`LookupError`].
    pub(crate) fn conversations(&self) -> Result<String, LookupError> {
        Ok(list(&*self.archive, self.turns.list()?))
    }

    /// The turns from this number on of the conversation whose id begins with these digits, as JSON.
    ///
    /// # Errors
    /// [`LookupError`].
    pub(crate) fn conversation(&self, digits: &str, from: u64) -> Result<String, LookupError> {
        let head = find(digits, self.turns.list()?)?;
        page(&*self.archive, head.key, from)
    }

    /// Deletes that conversation; what it was, as JSON.
    ///
    /// # Errors
    /// [`LookupError`].
    pub(crate) fn delete_conversation(&self, digits: &str) -> Result<String, LookupError> {
        let head = find(digits, self.turns.list()?)?;
        match self.turns.delete(head.key)? {
            true => Ok(told(head)),
            // It went in between.
            false => Err(LookupError::Unknown { what: "conversation", digits: digits.to_owned() }),
        }
    }
}

/// The conversation whose id begins so.
///
/// # Errors
/// [`LookupError`].
pub(super) fn find(digits: &str, heads: Vec<ConversationHead>) -> Result<ConversationHead, LookupError> {
    let is_like = |head: &ConversationHead| head.key.to_string().starts_with(digits);
    only("conversation", digits, heads.into_iter().filter(is_like))
}

pub(super) fn list(archive: &dyn Archive, mut heads: Vec<ConversationHead>) -> String {
    let left_out = heads.len().saturating_sub(CONVERSATIONS_MAX);
    heads.truncate(CONVERSATIONS_MAX);
    let line = |(place, head): (usize, ConversationHead)| {
        let first = (place < FIRSTS_MAX).then(|| first_question(archive, head.key)).flatten();
        Line { first, ..Line::of(head) }
    };
    json(&List { conversations: heads.into_iter().enumerate().map(line).collect(), left_out })
}

/// What tells one conversation from another better than its id. A list without it is better than none.
fn first_question(archive: &dyn Archive, of: ConversationKey) -> Option<String> {
    #[derive(Deserialize)]
    struct Exchange {
        prompt: String,
    }
    let first = archive.turns(of, 0, 0).ok()?.into_iter().next()?;
    let Exchange { prompt } = serde_json::from_str(first.body.get()).ok()?;
    let words: Vec<&str> = prompt.split_whitespace().take(FIRST_CHARS).collect();
    let line: String = words.join(" ").chars().filter(|char| !char.is_control()).collect();
    let mut cut: String = line.chars().take(FIRST_CHARS).collect();
    if line.chars().nth(FIRST_CHARS).is_some() {
        cut.push('…');
    }
    Some(cut)
}

/// One conversation of the list.
pub(super) fn told(head: ConversationHead) -> String {
    json(&Line::of(head))
}

/// Turns from this number on.
///
/// # Errors
/// [`LookupError`].
pub(super) fn page(archive: &dyn Archive, id: ConversationKey, from: u64) -> Result<String, LookupError> {
    let turns = archive.turns(id, from, PAGE_BYTES)?;
    let next = turns.last().map(|last| last.seq + 1);
    // Whether there is one more is found by asking for it: the bytes alone don't tell.
    let next = next.filter(|next| archive.turns(id, *next, 0).is_ok_and(|more| !more.is_empty()));
    Ok(json(&Page { id, turns: turns.into_iter().map(Turn::of).collect(), next }))
}

impl Line {
    fn of(head: ConversationHead) -> Self {
        let ConversationHead { key, turns, bytes, began_ms, last_ms } = head;
        Self { id: key, turns, bytes, began_ms, last_ms, first: None }
    }
}

impl Turn {
    fn of(turn: KeptTurn) -> Self {
        let KeptTurn { seq, call_id, at_ms, body } = turn;
        Self { seq, at_ms, call: call_id, exchange: body }
    }
}

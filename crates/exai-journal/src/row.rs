//! A record as a store writes it: a small head, and its load, which may be megabytes and is read only where it is needed.

use exai_wire::{Asked, Attempt, CallId, ConversationKey, End, Record, SessionId, Turn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Which record; the numbers stand in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// [`Record::Accepted`]
    Accepted = 1,
    /// [`Record::Started`]
    Started = 2,
    /// [`Record::Partial`]
    Partial = 3,
    /// [`Record::Cut`]
    Cut = 4,
    /// [`Record::Done`]
    Done = 5,
    /// [`Record::Acked`]
    Acked = 6,
    /// [`Record::Detached`]
    Detached = 7,
    /// [`Record::Buried`]
    Buried = 8,
    /// [`Record::Failed`]
    Failed = 9,
}

impl Kind {
    /// All, by number.
    const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Started,
        Self::Partial,
        Self::Cut,
        Self::Done,
        Self::Acked,
        Self::Detached,
        Self::Buried,
        Self::Failed,
    ];

    /// Whether it only adds to what is kept of a call. One of a call that is not kept is not written: it would stay for ever.
    pub const fn continues(self) -> bool {
        !matches!(self, Self::Accepted | Self::Done)
    }

    /// Its number in files.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind of this number; `None` for one of a later release.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// One record in its written form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The call that it is about.
    pub call_id: CallId,
    /// Which record.
    pub kind: Kind,
    /// JSON of what every reader needs.
    pub head: String,
    /// Params, text or result object. `None`: there is none, or it was not read.
    pub load: Option<String>,
    /// Size of the load, read or not.
    pub bytes: usize,
}

/// A row that can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record of call {call_id} can't be read: {why}")]
pub struct RowError {
    /// Whose.
    pub call_id: CallId,
    /// Why.
    pub why: String,
}

#[derive(Serialize, Deserialize)]
struct PartialHead {
    attempt: u32,
    offset: u64,
}

#[derive(Serialize, Deserialize)]
struct NumberHead {
    attempt: u32,
}

#[derive(Serialize, Deserialize)]
struct FailedHead {
    attempt: u32,
    billed: bool,
}

#[derive(Serialize, Deserialize)]
struct MomentHead {
    at_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct SessionHead {
    session: SessionId,
}

/// What is to be written of a record.
#[derive(Debug)]
pub enum Written {
    /// A row more, and the turn that comes with it.
    Row(Row, Option<Turn>),
    /// Rows less: all of this call.
    Removal(CallId),
}

impl Written {
    /// The written form.
    pub fn of(record: Record) -> Self {
        let call_id = record.call_id();
        let mut added = None;
        let (kind, head, load) = match record {
            Record::Accepted { asked, .. } => (Kind::Accepted, json(&asked), Some(text(asked.params))),
            Record::Started { attempt, .. } => (Kind::Started, json(&attempt), None),
            Record::Partial { attempt, offset, text, .. } => {
                (Kind::Partial, json(&PartialHead { attempt, offset }), Some(text))
            }
            Record::Failed { attempt, billed, .. } => {
                (Kind::Failed, json(&FailedHead { attempt, billed }), None)
            }
            Record::Cut { attempt, .. } => (Kind::Cut, json(&NumberHead { attempt }), None),
            Record::Done { end, body, turn, .. } => {
                added = turn;
                (Kind::Done, json(&end), Some(text(body)))
            }
            Record::Acked { at_ms, .. } => (Kind::Acked, json(&MomentHead { at_ms }), None),
            Record::Detached { session, .. } => (Kind::Detached, json(&SessionHead { session }), None),
            Record::Buried { at_ms, .. } => (Kind::Buried, json(&MomentHead { at_ms }), None),
            Record::Forgotten { .. } => return Self::Removal(call_id),
        };
        let bytes = load.as_ref().map_or(0, String::len);
        Self::Row(Row { call_id, kind, head, load, bytes }, added)
    }
}

impl Row {
    /// The same, with the load's size only.
    pub fn without_load(&self) -> Self {
        let Self { call_id, kind, head, bytes, .. } = self;
        Self { call_id: *call_id, kind: *kind, head: head.clone(), load: None, bytes: *bytes }
    }

    /// The record. A load that was not read is `null`, or an empty text.
    ///
    /// # Errors
    /// [`RowError`].
    pub fn record(self) -> Result<Record, RowError> {
        let Self { call_id, kind, head, load, .. } = self;
        let error = |why: serde_json::Error| RowError { call_id, why: why.to_string() };
        let raw = |load: Option<String>| match load {
            Some(text) => RawValue::from_string(text).map_err(error),
            None => Ok(RawValue::NULL.to_owned()),
        };
        Ok(match kind {
            Kind::Accepted => {
                let mut asked: Asked = read(&head).map_err(error)?;
                asked.params = raw(load)?;
                Record::Accepted { call_id, asked }
            }
            Kind::Started => Record::Started { call_id, attempt: read::<Attempt>(&head).map_err(error)? },
            Kind::Partial => {
                let PartialHead { attempt, offset } = read(&head).map_err(error)?;
                Record::Partial { call_id, attempt, offset, text: load.unwrap_or_default() }
            }
            Kind::Failed => {
                let FailedHead { attempt, billed } = read(&head).map_err(error)?;
                Record::Failed { call_id, attempt, billed }
            }
            Kind::Cut => Record::Cut { call_id, attempt: read::<NumberHead>(&head).map_err(error)?.attempt },
            Kind::Done => {
                let end: End = read(&head).map_err(error)?;
                Record::Done { call_id, end, body: raw(load)?, turn: None }
            }
            Kind::Acked => Record::Acked { call_id, at_ms: read::<MomentHead>(&head).map_err(error)?.at_ms },
            Kind::Detached => {
                Record::Detached { call_id, session: read::<SessionHead>(&head).map_err(error)?.session }
            }
            Kind::Buried => {
                Record::Buried { call_id, at_ms: read::<MomentHead>(&head).map_err(error)?.at_ms }
            }
        })
    }
}

/// Structs of numbers and texts always serialise; what could not would be found unreadable, not taken for something else.
fn json<T: Serialize>(head: &T) -> String {
    serde_json::to_string(head).unwrap_or_default()
}

fn read<T: DeserializeOwned>(head: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(head)
}

fn text(raw: Box<RawValue>) -> String {
    String::from(Box::<str>::from(raw))
}

/// A turn as a conversation's reader gets it.
#[derive(Debug, Clone)]
pub struct KeptTurn {
    /// Place in the conversation, from 1; dropped turns leave gaps at the beginning.
    pub seq: u64,
    /// The call that brought it.
    pub call_id: CallId,
    /// When.
    pub at_ms: u64,
    /// As the tools wrote it.
    pub body: Box<RawValue>,
}

/// A conversation in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationHead {
    /// Its key.
    pub key: ConversationKey,
    /// Turns kept.
    pub turns: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// When the first of them ended.
    pub began_ms: u64,
    /// When the last one ended.
    pub last_ms: u64,
}

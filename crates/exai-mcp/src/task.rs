//! Tasks (extension `io.modelcontextprotocol/tasks`): a call that the host asks after instead of waiting for it.
//!
//! An id says all that is needed to find its call again, so tasks outlive the process that made them.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::cut;
use crate::error::{RpcError, code};
use crate::json::{Kind, each_element, kind, pick, push_string, text};
use crate::limit::TASKS_WATCHED_MAX;
use crate::moment::{LAST_MS, iso8601};
use crate::outbox::REPLY_BYTES_MAX;
use crate::result;
use crate::revision::Revision;

/// Name of the extension.
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// How often a host is asked to ask. Each question waits a moment for news, so more often brings nothing.
const POLL_INTERVAL_MS: u64 = 2_000;

/// Longest `statusMessage`, in characters.
const MESSAGE_CHARS_MAX: usize = 1000;

/// Name of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskId {
    /// The driver's key of the call, of high entropy: knowing it is the right to the task.
    pub call: [u8; 16],
    /// When the task was made, in milliseconds since 1970.
    pub created_ms: u64,
}

/// A text that is no task's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTaskId;

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:x}", u128::from_be_bytes(self.call), self.created_ms)
    }
}

impl FromStr for TaskId {
    type Err = NoTaskId;

    fn from_str(text: &str) -> Result<Self, NoTaskId> {
        let (call, created) = text.split_once('-').ok_or(NoTaskId)?;
        let call = u128::from_str_radix(call, 16).map_err(|_| NoTaskId)?.to_be_bytes();
        let created_ms = u64::from_str_radix(created, 16).map_err(|_| NoTaskId)?;
        let id = Self { call, created_ms };
        // One name a task: signs, capitals and zeros in front are no part of it.
        (created_ms <= LAST_MS && id.to_string() == text).then_some(id).ok_or(NoTaskId)
    }
}

/// Where a task stands. All but `Working` are final.
#[derive(Debug, Clone)]
pub enum TaskState {
    /// The call runs, or waits for a daemon.
    Working,
    /// The call has its result, also one that tells of a failure: a tool result object in its 2026-07-28 shape.
    Completed(Box<RawValue>),
    /// The call ended with a JSON-RPC error.
    Failed {
        /// JSON-RPC code.
        code: i64,
        /// One sentence.
        message: String,
    },
    /// The host has cancelled it.
    Cancelled,
}

/// A task as the host is told of it.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// Where it stands.
    pub state: TaskState,
    /// A sentence for people and models; empty: none. Only its first 1,000 characters are kept.
    pub message: String,
    /// When its state last changed, in milliseconds since 1970.
    pub updated_ms: u64,
    /// How long it can be asked after, from its making on, in milliseconds.
    pub ttl_ms: u64,
}

/// What a host wants of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskVerb {
    /// Where it stands; answered with [`crate::Answer::Task`].
    Get,
    /// Answers to questions of the task; answered with [`crate::Answer::Acknowledged`].
    Update,
    /// It is not wanted any more; answered with [`crate::Answer::Acknowledged`].
    Cancel,
}

impl Task {
    /// Its fields, without braces; `server_info` is raw.
    fn fields(&self, server_info: &str, shortened: Option<&RawValue>) -> String {
        let (status, payload) = match &self.state {
            TaskState::Working => ("working", None),
            TaskState::Completed(result) => {
                let result = shortened.unwrap_or(result);
                match result::body(result, Revision::V2026_07_28, server_info) {
                    Some(body) => ("completed", Some(format!(",\"result\":{body}"))),
                    None => ("failed", Some(error_field(code::INTERNAL, "the tool's result is no object"))),
                }
            }
            TaskState::Failed { code, message } => ("failed", Some(error_field(*code, message))),
            TaskState::Cancelled => ("cancelled", None),
        };
        let mut fields = format!("\"taskId\":\"{}\",\"status\":\"{status}\"", self.id);
        if !self.message.is_empty() {
            fields.push_str(",\"statusMessage\":");
            push_string(&mut fields, crate::json::head_of(&self.message, MESSAGE_CHARS_MAX));
        }
        let (created, updated) = (iso8601(self.id.created_ms), iso8601(self.updated_ms));
        // Writing to a string does not fail.
        let _ = write!(
            fields,
            ",\"createdAt\":\"{created}\",\"lastUpdatedAt\":\"{updated}\",\"ttlMs\":{},\
             \"pollIntervalMs\":{POLL_INTERVAL_MS}{}",
            self.ttl_ms,
            payload.unwrap_or_default()
        );
        fields
    }

    /// A line made by `line` out of the fields, with the result cut where a line can't hold it.
    pub(crate) fn line(&self, server_info: &str, line: impl Fn(&str) -> String) -> String {
        let whole = line(&self.fields(server_info, None));
        let TaskState::Completed(result) = &self.state else { return whole };
        if whole.len() < REPLY_BYTES_MAX {
            return whole;
        }
        let short = cut::shorten(result, REPLY_BYTES_MAX - result::ENVELOPE_BYTES);
        let short = short.map(|short| line(&self.fields(server_info, Some(&short))));
        short.filter(|line| line.len() < REPLY_BYTES_MAX).unwrap_or_else(|| {
            let message = format!("the result has {} bytes and can't be cut to a line", result.get().len());
            let failed = Self { state: TaskState::Failed { code: code::INTERNAL, message }, ..self.clone() };
            line(&failed.fields(server_info, None))
        })
    }
}

/// What a host is told that did not declare the extension with its request.
pub(crate) fn undeclared() -> RpcError {
    let data = format!("{{\"requiredCapabilities\":{{\"extensions\":{{\"{EXTENSION}\":{{}}}}}}}}");
    let message = "Missing required client capability: declare the tasks extension with the request";
    RpcError { data: Some(data), ..RpcError::new(code::MISSING_CAPABILITY, message) }
}

/// The task that `params.taskId` names.
///
/// # Errors
///
/// It names none.
pub(crate) fn named(task_id: Option<&RawValue>) -> Result<TaskId, RpcError> {
    let Some(name) = task_id.and_then(text) else {
        return Err(RpcError::invalid_params("the string params.taskId is missing"));
    };
    name.parse().map_err(|_| RpcError::invalid_params("no such task: this server made no id of that form"))
}

/// The names of tasks in a filter of `subscriptions/listen`; what names no task is left out.
///
/// # Errors
///
/// `taskIds` is no array.
pub(crate) fn watched(filter: &RawValue) -> Result<Option<Vec<TaskId>>, RpcError> {
    let Ok([Some(ids)]) = pick(filter.get(), ["taskIds"]) else { return Ok(None) };
    let mut named = Vec::new();
    let read = each_element(ids.get(), |id| {
        let id = text(id).and_then(|id| id.parse().ok());
        if let Some(id) = id.filter(|id| named.len() < TASKS_WATCHED_MAX && !named.contains(id)) {
            named.push(id);
        }
    });
    match (kind(ids), read) {
        (Kind::Array, Ok(())) => Ok(Some(named)),
        _ => Err(RpcError::invalid_params("taskIds is an array of strings")),
    }
}

fn error_field(code: i64, message: &str) -> String {
    let mut field = format!(",\"error\":{{\"code\":{code},\"message\":");
    push_string(&mut field, message);
    field.push('}');
    field
}

//! Answer lines.

use std::fmt::Write as _;

use crate::error::RpcError;
use crate::json::{head_of, push_string};
use crate::outbox::REPLY_BYTES_MAX;
use crate::revision::{NoId, Revision};

/// Longest error message where the error would not fit otherwise, in characters.
const MESSAGE_CHARS_MAX: usize = 4096;

/// A result; `id` and `body` are raw.
pub(crate) fn result_line(id: &str, body: &str) -> String {
    let mut line = String::with_capacity(40 + id.len() + body.len());
    line.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
    line.push_str(id);
    line.push_str(",\"result\":");
    line.push_str(body);
    line.push('}');
    line
}

/// An error. Without an id it takes the form that the revision has for that.
pub(crate) fn error_line(id: Option<&str>, revision: Revision, error: &RpcError) -> String {
    let line = error_line_with(id, revision, error, &error.message, error.data.as_deref());
    if line.len() < REPLY_BYTES_MAX {
        return line;
    }
    error_line_with(id, revision, error, head_of(&error.message, MESSAGE_CHARS_MAX), None)
}

fn error_line_with(
    id: Option<&str>,
    revision: Revision,
    error: &RpcError,
    message: &str,
    data: Option<&str>,
) -> String {
    let mut line = String::from("{\"jsonrpc\":\"2.0\"");
    if let Some(id) = id {
        line.push_str(",\"id\":");
        line.push_str(id);
    } else if revision.rules().no_id == NoId::Null {
        line.push_str(",\"id\":null");
    }
    // Writing to a string does not fail.
    let _ = write!(line, ",\"error\":{{\"code\":{},\"message\":", error.code);
    push_string(&mut line, message);
    if let Some(data) = data {
        line.push_str(",\"data\":");
        line.push_str(data);
    }
    line.push_str("}}");
    line
}

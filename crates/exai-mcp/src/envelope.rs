//! What kind of message a JSON object is.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::id;
use crate::json::{Kind, Unreadable, kind, pick, text};

/// A message of the host.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// Wants an answer.
    Request { id: &'a str, method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// Wants none.
    Notification { method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// Answers a request of the server, which never makes any.
    Response,
    /// JSON, but no message.
    Invalid { id: Option<&'a str>, why: &'static str },
}

/// Reads one message. The error says that the text is no JSON object.
pub(crate) fn read(object: &str) -> Result<Message<'_>, Unreadable> {
    let [version, id, method, params, result, error] =
        pick(object, ["jsonrpc", "id", "method", "params", "result", "error"])?;
    let readable = id.and_then(id::readable);
    let invalid = |why| Ok(Message::Invalid { id: readable, why });
    let Some(method) = method else {
        if result.is_some() || error.is_some() {
            return Ok(Message::Response);
        }
        return invalid("a message needs a method");
    };
    let Some(method) = text(method) else { return invalid("method must be a string") };
    if version.and_then(text).as_deref() != Some("2.0") {
        return invalid("jsonrpc must be \"2.0\"");
    }
    match (id, readable) {
        (_, Some(id)) => Ok(Message::Request { id, method, params }),
        (None, None) => Ok(Message::Notification { method, params }),
        // Some serializers write absent ids as null.
        (Some(id), None) if is_null(id) && method.starts_with("notifications/") => {
            Ok(Message::Notification { method, params })
        }
        (Some(id), None) if matches!(kind(id), Kind::String | Kind::Number) => invalid("id is too long"),
        (Some(_), None) => invalid("id must be a string or a number"),
    }
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

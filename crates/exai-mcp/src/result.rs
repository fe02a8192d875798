//! The result of a call in the shape of the host's revision.
//!
//! Modern hosts drop results without `resultType`, legacy ones must not see it: the shape decides whether an
//! answer that was paid for arrives.

use serde_json::value::RawValue;

use crate::content;
use crate::cut;
use crate::encode::{error_line, result_line};
use crate::error::{RpcError, code};
use crate::json::{Kind, each_field, kind, name, push_string, text};
use crate::outbox::REPLY_BYTES_MAX;
use crate::revision::{Era, Part, Revision};

const SERVER_INFO: &str = "\"io.modelcontextprotocol/serverInfo\"";

/// What a cut result must leave free for id, server info and the rest of the envelope, in bytes.
pub(crate) const ENVELOPE_BYTES: usize = 64 << 10;

/// The answer line of a call. `id` and `server_info` are raw.
pub(crate) fn answer_line(id: &str, revision: Revision, result: &RawValue, server_info: &str) -> String {
    let fits = |line: &String| line.len() < REPLY_BYTES_MAX;
    let line = |result: &RawValue| Some(result_line(id, &body(result, revision, server_info)?));
    let Some(whole) = line(result) else {
        return error_line(
            Some(id),
            revision,
            &RpcError::new(code::INTERNAL, "the tool's result is no object"),
        );
    };
    if fits(&whole) {
        return whole;
    }
    cut::shorten(result, REPLY_BYTES_MAX - ENVELOPE_BYTES)
        .and_then(|short| line(&short))
        .filter(fits)
        .unwrap_or_else(|| error_line(Some(id), revision, &too_long(result.get().len())))
}

/// The answer line of a call that the engine itself declines. A result, since errors are not shown to every model.
pub(crate) fn failure_line(id: &str, revision: Revision, text: &str, server_info: &str) -> String {
    let mut result = String::from("{\"content\":[{\"type\":\"text\",\"text\":");
    push_string(&mut result, text);
    result.push_str("}],\"isError\":true}");
    match RawValue::from_string(result) {
        Ok(result) => answer_line(id, revision, &result, server_info),
        Err(_) => error_line(Some(id), revision, &RpcError::new(code::INTERNAL, text.to_owned())),
    }
}

/// The answer line that asks the host to come back with this `requestState`.
pub(crate) fn input_required_line(id: &str, request_state: &str, server_info: &str) -> String {
    let mut body = Body::new(256 + request_state.len());
    body.field("\"resultType\"").push_str("\"input_required\"");
    push_string(body.field("\"requestState\""), request_state);
    push_modern_meta(body.field("\"_meta\""), None, server_info);
    result_line(id, &body.end())
}

/// The answer line about a task; `fields` are raw, without braces.
pub(crate) fn task_line(id: &str, result_type: &str, fields: &str, server_info: &str) -> String {
    let mut body = Body::new(256 + fields.len());
    body.field("\"resultType\"").push_str(result_type);
    if !fields.is_empty() {
        body.0.push(',');
        body.0.push_str(fields);
    }
    push_modern_meta(body.field("\"_meta\""), None, server_info);
    result_line(id, &body.end())
}

fn too_long(bytes: usize) -> RpcError {
    RpcError::new(
        code::INTERNAL,
        format!("the result has {bytes} bytes and can't be cut to the 8 MiB of a line"),
    )
}

/// The `result` object; nothing if `result` is no object.
pub(crate) fn body(result: &RawValue, revision: Revision, server_info: &str) -> Option<String> {
    if kind(result) != Kind::Object {
        return None;
    }
    let modern = revision.era() == Era::Modern;
    let mut body = Body::new(result.get().len() + server_info.len() + 128);
    let (mut meta, mut has_content, mut result_type) = (None, false, None);
    each_field(result.get(), |key, value| match &*name(key) {
        "_meta" => meta = Some(value),
        "content" => {
            has_content = true;
            content::push(body.field("\"content\""), value, revision);
        }
        named if revision.has_field(Part::Result, named, value) => {
            if named == "resultType" {
                result_type = text(value);
            }
            body.field(key.get()).push_str(value.get());
        }
        _ => {}
    })
    .ok()?;
    if !has_content && result_type.as_deref().unwrap_or("complete") == "complete" {
        body.field("\"content\"").push_str("[]");
    }
    if modern && result_type.is_none() {
        body.field("\"resultType\"").push_str("\"complete\"");
    }
    let meta = meta.filter(|meta| kind(meta) == Kind::Object);
    match (modern, meta) {
        (true, meta) => push_modern_meta(body.field("\"_meta\""), meta, server_info),
        (false, Some(meta)) => body.field("\"_meta\"").push_str(meta.get()),
        (false, None) => {}
    }
    Some(body.end())
}

fn push_modern_meta(out: &mut String, meta: Option<&RawValue>, server_info: &str) {
    out.push('{');
    out.push_str(SERVER_INFO);
    out.push(':');
    out.push_str(server_info);
    if let Some(meta) = meta {
        // `meta` is an object, so the walk does not fail.
        let _ = each_field(meta.get(), |key, value| {
            if key.get() != SERVER_INFO {
                out.push(',');
                out.push_str(key.get());
                out.push(':');
                out.push_str(value.get());
            }
        });
    }
    out.push('}');
}

/// An object under construction.
struct Body(String);

impl Body {
    fn new(capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity);
        text.push('{');
        Self(text)
    }

    /// Begins a field; `key` is raw. The value goes into what is returned.
    fn field(&mut self, key: &str) -> &mut String {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(key);
        self.0.push(':');
        &mut self.0
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

//! The fields of `params` that the engine reads, whatever the method. All the others are the tool's business.

use serde_json::value::RawValue;

use crate::error::{RpcError, code};
use crate::id;
use crate::json::{Kind, each_field, head_of, kind, name, pick, push_string, text};
use crate::revision::{Era, Revision};
use crate::task;

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const REQUEST_STATE: &str = "requestState";
const INPUT_RESPONSES: &str = "inputResponses";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// W3C trace context, the same in every revision.
const TRACE: [&str; 3] = ["traceparent", "tracestate", "baggage"];

/// Longest version that an error repeats, in characters: dates have ten.
const VERSION_CHARS_MAX: usize = 64;

/// Params of a request or notification.
#[derive(Debug, Default)]
pub(crate) struct Params<'a> {
    /// All of them, if they are an object.
    pub(crate) object: Option<&'a RawValue>,
    pub(crate) meta: Meta<'a>,
    pub(crate) name: Option<&'a RawValue>,
    pub(crate) arguments: Option<&'a RawValue>,
    pub(crate) cursor: Option<&'a RawValue>,
    pub(crate) protocol_version: Option<&'a RawValue>,
    pub(crate) client_info: Option<&'a RawValue>,
    pub(crate) request_id: Option<&'a RawValue>,
    pub(crate) reason: Option<&'a RawValue>,
    pub(crate) notifications: Option<&'a RawValue>,
    pub(crate) task_id: Option<&'a RawValue>,
    pub(crate) request_state: Option<&'a RawValue>,
    input_responses: Option<&'a RawValue>,
}

/// Fields of `params._meta`.
#[derive(Debug, Default)]
pub(crate) struct Meta<'a> {
    token: Option<&'a RawValue>,
    version: Option<&'a RawValue>,
    capabilities: Option<&'a RawValue>,
    pub(crate) client_info: Option<&'a RawValue>,
    trace: [Option<&'a RawValue>; 3],
}

impl<'a> Params<'a> {
    /// Reads them; anything but an object has no fields.
    pub(crate) fn read(raw: Option<&'a RawValue>) -> Self {
        raw.filter(|raw| kind(raw) == Kind::Object).and_then(Self::read_object).unwrap_or_default()
    }

    fn read_object(raw: &'a RawValue) -> Option<Self> {
        let mut read = Self { object: Some(raw), ..Self::default() };
        let mut meta = None;
        each_field(raw.get(), |key, value| {
            let field = match &*name(key) {
                "_meta" => &mut meta,
                "name" => &mut read.name,
                "arguments" => &mut read.arguments,
                "cursor" => &mut read.cursor,
                "protocolVersion" => &mut read.protocol_version,
                "clientInfo" => &mut read.client_info,
                "requestId" => &mut read.request_id,
                "reason" => &mut read.reason,
                "notifications" => &mut read.notifications,
                "taskId" => &mut read.task_id,
                REQUEST_STATE => &mut read.request_state,
                INPUT_RESPONSES => &mut read.input_responses,
                _ => return,
            };
            // A field that comes twice counts as its last one, as in most parsers.
            *field = Some(value);
        })
        .ok()?;
        read.meta = meta.map(Meta::read).unwrap_or_default();
        Some(read)
    }

    /// The params as they were before the rounds of a modern call added to them: what is the call's own, byte for byte
    /// the same in each round but for `_meta`.
    pub(crate) fn without_rounds(&self) -> Option<Box<RawValue>> {
        let object = self.object?;
        if self.request_state.is_none() && self.input_responses.is_none() {
            return Some(object.to_owned());
        }
        let mut own = String::with_capacity(object.get().len());
        each_field(object.get(), |key, value| {
            if !matches!(&*name(key), REQUEST_STATE | INPUT_RESPONSES) {
                own.push(if own.is_empty() { '{' } else { ',' });
                own.push_str(key.get());
                own.push(':');
                own.push_str(value.get());
            }
        })
        .ok()?;
        if own.is_empty() {
            own.push('{');
        }
        own.push('}');
        RawValue::from_string(own).ok()
    }
}

impl<'a> Meta<'a> {
    fn read(raw: &'a RawValue) -> Self {
        let [traceparent, tracestate, baggage] = TRACE;
        let names = [
            "progressToken",
            PROTOCOL_VERSION,
            CLIENT_CAPABILITIES,
            CLIENT_INFO,
            traceparent,
            tracestate,
            baggage,
        ];
        let Ok([token, version, capabilities, client_info, parent, state, bag]) = pick(raw.get(), names)
        else {
            return Self::default();
        };
        Self { token, version, capabilities, client_info, trace: [parent, state, bag] }
    }

    /// The raw progress token. Types that the protocol does not know count as none.
    pub(crate) fn token(&self) -> Option<&'a str> {
        self.token.and_then(id::readable)
    }

    /// The trace context keys that are strings, as one object.
    pub(crate) fn trace(&self) -> Option<Box<RawValue>> {
        let mut object = String::new();
        for (name, value) in TRACE.iter().zip(self.trace) {
            if let Some(value) = value.filter(|value| kind(value) == Kind::String) {
                object.push(if object.is_empty() { '{' } else { ',' });
                push_string(&mut object, name);
                object.push(':');
                object.push_str(value.get());
            }
        }
        if object.is_empty() {
            return None;
        }
        object.push('}');
        RawValue::from_string(object).ok()
    }

    /// Whether the host declares, with this request, that it knows tasks.
    pub(crate) fn declares_tasks(&self) -> bool {
        let inner = |object: &'a RawValue, name: &str| match pick(object.get(), [name]) {
            Ok([value]) => value,
            Err(_) => None,
        };
        let extensions = self.capabilities.and_then(|capabilities| inner(capabilities, "extensions"));
        let tasks = extensions.and_then(|extensions| inner(extensions, task::EXTENSION));
        tasks.is_some_and(|tasks| kind(tasks) == Kind::Object)
    }

    /// Era of the message that bears this `_meta`, decided by it alone.
    ///
    /// # Errors
    ///
    /// The message claims the modern era and is not entitled to it: what to answer.
    pub(crate) fn era(&self) -> Result<Era, RpcError> {
        if self.version.is_none() && self.capabilities.is_none() {
            return Ok(Era::Legacy);
        }
        let Some(version) = self.version.and_then(text) else {
            return Err(RpcError::invalid_params(format!(
                "params._meta needs the string {PROTOCOL_VERSION}"
            )));
        };
        if Revision::from_name(&version).is_none_or(|revision| revision.era() != Era::Modern) {
            return Err(unsupported(&version));
        }
        if self.capabilities.is_none_or(|value| kind(value) != Kind::Object) {
            return Err(RpcError::invalid_params(format!(
                "params._meta needs the object {CLIENT_CAPABILITIES}"
            )));
        }
        Ok(Era::Modern)
    }
}

/// What a modern method without its `_meta` is told.
pub(crate) fn modern_only(method: &str) -> RpcError {
    RpcError::invalid_params(format!(
        "{method} needs {PROTOCOL_VERSION} and {CLIENT_CAPABILITIES} in params._meta"
    ))
}

/// Legacy revisions are served too, but `initialize` opens them; so the list names all of them.
fn unsupported(requested: &str) -> RpcError {
    let mut data = String::from("{\"supported\":");
    push_supported(&mut data);
    data.push_str(",\"requested\":");
    push_string(&mut data, head_of(requested, VERSION_CHARS_MAX));
    data.push('}');
    let message = "Unsupported protocol version; revisions before 2026-07-28 are opened by initialize";
    RpcError { data: Some(data), ..RpcError::new(code::UNSUPPORTED_VERSION, message) }
}

/// Appends the array of all revisions, newest first.
pub(crate) fn push_supported(out: &mut String) {
    for (at, revision) in Revision::ALL.iter().enumerate() {
        out.push(if at == 0 { '[' } else { ',' });
        push_string(out, revision.name());
    }
    out.push(']');
}

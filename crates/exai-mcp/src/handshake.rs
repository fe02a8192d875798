//! How the server introduces itself, and the answers that come from its introduction alone.

use serde_json::value::RawValue;

use crate::config::EngineConfig;
use crate::error::RpcError;
use crate::event::HostInfo;
use crate::json::{Kind, head_of, kind, pick, push_string, text};
use crate::params::{Params, push_supported};
use crate::revision::{Era, Revision};

/// The same for every host at any time, so that nothing which was negotiated ever goes away. Prompts and
/// resources are not declared; their lists are answered all the same, because hosts ask.
const CAPABILITIES: &str = "{\"tools\":{\"listChanged\":true}}";

/// The same for modern hosts, which know extensions. The tasks of 2025-11-25 were others, and are not declared.
const MODERN_CAPABILITIES: &str =
    "{\"tools\":{\"listChanged\":true},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}";

/// Ends of modern results that may be cached. Zero: the list may change at any time, and asking costs nothing.
const CACHE: &str = "\"ttlMs\":0,\"cacheScope\":\"private\"";

/// Longest name and version of a host, in characters.
const HOST_CHARS_MAX: usize = 200;

/// The server's introduction as JSON.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Object: name and version.
    pub(crate) server_info: String,
    /// `,"instructions":"…"`, or nothing.
    instructions: String,
}

impl Identity {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let mut server_info = String::from("{\"name\":");
        push_string(&mut server_info, &config.server.name);
        server_info.push_str(",\"version\":");
        push_string(&mut server_info, &config.server.version);
        server_info.push('}');
        let mut instructions = String::new();
        if !config.instructions.is_empty() {
            instructions.push_str(",\"instructions\":");
            push_string(&mut instructions, &config.instructions);
        }
        Self { server_info, instructions }
    }

    /// Result of `initialize`.
    pub(crate) fn initialize(&self, revision: Revision) -> String {
        let Self { server_info, instructions } = self;
        let version = revision.name();
        format!(
            "{{\"protocolVersion\":\"{version}\",\"capabilities\":{CAPABILITIES},\
             \"serverInfo\":{server_info}{instructions}}}"
        )
    }

    /// Result of `server/discover`.
    pub(crate) fn discover(&self) -> String {
        let mut body = String::from("{\"resultType\":\"complete\",\"supportedVersions\":");
        push_supported(&mut body);
        body.push_str(",\"capabilities\":");
        body.push_str(MODERN_CAPABILITIES);
        body.push_str(&self.instructions);
        body.push(',');
        self.end_modern(&mut body);
        body
    }

    /// Result of a list request; `array` is raw.
    pub(crate) fn list(&self, revision: Revision, field: &str, array: &str) -> String {
        let mut body = String::with_capacity(200 + self.server_info.len() + array.len());
        body.push('{');
        if revision.era() == Era::Modern {
            body.push_str("\"resultType\":\"complete\",");
        }
        body.push('"');
        body.push_str(field);
        body.push_str("\":");
        body.push_str(array);
        match revision.era() {
            Era::Modern => {
                body.push(',');
                self.end_modern(&mut body);
            }
            Era::Legacy => body.push('}'),
        }
        body
    }

    fn end_modern(&self, body: &mut String) {
        body.push_str(CACHE);
        body.push_str(",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":");
        body.push_str(&self.server_info);
        body.push_str("}}");
    }
}

/// The revision to open with: the one asked for, or the newest that `initialize` opens.
///
/// # Errors
///
/// `initialize` without a version: it needs one.
pub(crate) fn negotiate(params: &Params<'_>) -> Result<Revision, RpcError> {
    let Some(asked) = params.protocol_version.and_then(text) else {
        return Err(RpcError::invalid_params("initialize needs the string params.protocolVersion"));
    };
    let known = Revision::from_name(&asked).filter(|revision| revision.era() == Era::Legacy);
    Ok(known.unwrap_or(Revision::NEWEST_LEGACY))
}

/// A `clientInfo` object.
pub(crate) fn host_info(raw: &RawValue) -> Option<HostInfo> {
    if kind(raw) != Kind::Object {
        return None;
    }
    let [name, version] = pick(raw.get(), ["name", "version"]).ok()?;
    let short = |value: Option<&RawValue>| {
        value.and_then(text).map(|text| head_of(&text, HOST_CHARS_MAX).to_owned()).unwrap_or_default()
    };
    Some(HostInfo { name: short(name), version: short(version) })
}

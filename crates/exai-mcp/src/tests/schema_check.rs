//! Checks what a server says against the protocol's JSON Schemas, by listening to both directions.
//!
//! It depends on `serde_json` and `jsonschema` alone, so that the tests of other crates can take it in.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::expect_used)]

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const NEWEST_LEGACY: &str = "2025-11-25";

/// The schemas of all revisions; validators are compiled once a process.
pub(crate) struct Schemas {
    dir: PathBuf,
    compiled: Mutex<HashMap<(String, String), Arc<Validator>>>,
}

impl Schemas {
    /// The schemas in `EXAI_MCP_SCHEMA_DIR`, else beside the checkout.
    ///
    /// # Panics
    ///
    /// They are not where `EXAI_MCP_SCHEMA_DIR` says, or `CI_REQUIRE_MCP_SCHEMA` asks for them and nobody has them.
    #[allow(clippy::disallowed_methods)] // Where the schemas lie is no setting of the program.
    pub(crate) fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Schemas>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let named = std::env::var_os("EXAI_MCP_SCHEMA_DIR").map(PathBuf::from);
            let required = named.is_some() || std::env::var_os("CI_REQUIRE_MCP_SCHEMA").is_some();
            let dir = named
                .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mcp-schema"));
            let there = dir.join("2026-07-28/schema.json").is_file();
            assert!(there || !required, "no MCP schemas in {}; set EXAI_MCP_SCHEMA_DIR", dir.display());
            if !there {
                // Past the capture of the test runner, so that the skip is seen.
                let _ = writeln!(std::io::stderr(), "skipped: no MCP schemas in {}", dir.display());
            }
            there.then(|| Self { dir, compiled: Mutex::default() })
        });
        found.as_ref()
    }

    /// Where they lie.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn validate(&self, revision: &str, definition: &str, value: &Value) -> Result<(), String> {
        let errors: Vec<String> =
            self.validator(revision, definition).iter_errors(value).map(|error| error.to_string()).collect();
        match errors.is_empty() {
            true => Ok(()),
            false => Err(format!("not a {definition} of {revision}: {}\n{value}", errors.join("; "))),
        }
    }

    fn validator(&self, revision: &str, definition: &str) -> Arc<Validator> {
        let key = (revision.to_owned(), definition.to_owned());
        let mut compiled = self.compiled.lock().unwrap();
        let validator = compiled.entry(key).or_insert_with(|| {
            let file = self.dir.join(revision).join("schema.json");
            let whole: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            let section = if whole["$defs"].is_object() { "$defs" } else { "definitions" };
            assert!(!whole[section][definition].is_null(), "{revision} has no {definition}");
            let mut schema =
                json!({"$schema": whole["$schema"], "$ref": format!("#/{section}/{definition}")});
            schema[section] = whole[section].clone();
            Arc::new(jsonschema::validator_for(&schema).unwrap())
        });
        Arc::clone(validator)
    }
}

/// One conversation: hand it every line of either side, in order.
pub(crate) struct Transcript {
    schemas: &'static Schemas,
    revision: String,
    /// Raw id → method and revision of its request.
    asked: HashMap<String, (String, String)>,
    /// Raw token → revision of its request.
    tokens: HashMap<String, String>,
    checked: Vec<String>,
}

impl Transcript {
    pub(crate) fn new(schemas: &'static Schemas) -> Self {
        let revision = NEWEST_LEGACY.to_owned();
        Self { schemas, revision, asked: HashMap::new(), tokens: HashMap::new(), checked: Vec::new() }
    }

    /// Listens to the host. Lines that are no JSON are skipped.
    pub(crate) fn host_line(&mut self, line: &[u8]) {
        match serde_json::from_slice(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)) {
            Ok(Value::Array(messages)) => messages.iter().for_each(|message| self.host_message(message)),
            Ok(message) => self.host_message(&message),
            Err(_) => {}
        }
    }

    /// Checks a line of the server.
    ///
    /// # Errors
    ///
    /// What the schema of its revision says against it.
    pub(crate) fn server_line(&mut self, line: &[u8]) -> Result<(), String> {
        let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let Value::Array(elements) = &value else { return self.server_message(&value) };
        let with_ids = elements.iter().map(with_id).collect();
        self.schemas.validate(&self.revision, "JSONRPCMessage", &Value::Array(with_ids))?;
        elements.iter().try_for_each(|element| self.server_message(element))
    }

    /// Definition and revision of every message that was checked, as `definition@revision`.
    pub(crate) fn checked(&self) -> &[String] {
        &self.checked
    }

    fn host_message(&mut self, message: &Value) {
        let (Some(method), Some(id)) = (message["method"].as_str(), message.get("id")) else { return };
        let meta = &message["params"]["_meta"];
        let modern = meta[META_VERSION].is_string();
        let revision = if modern { "2026-07-28".to_owned() } else { self.revision.clone() };
        if let Some(token) = meta.get("progressToken") {
            self.tokens.insert(token.to_string(), revision.clone());
        }
        self.asked.insert(id.to_string(), (method.to_owned(), revision));
    }

    fn server_message(&mut self, message: &Value) -> Result<(), String> {
        if message.get("method").is_some() {
            return self.notification(message);
        }
        let asked = message.get("id").and_then(|id| self.asked.get(&id.to_string())).cloned();
        if message.get("error").is_some() {
            let revision = asked.map_or_else(|| self.revision.clone(), |(_, revision)| revision);
            return self.error(message, &revision);
        }
        let Some((method, revision)) = asked else { return Err(format!("answers nothing: {message}")) };
        self.result(message, &method, revision)
    }

    fn result(&mut self, message: &Value, method: &str, mut revision: String) -> Result<(), String> {
        let result = &message["result"];
        if method == "initialize" {
            revision = result["protocolVersion"].as_str().unwrap_or_default().to_owned();
            self.revision.clone_from(&revision);
        }
        let envelope = match &*revision {
            "2025-11-25" | "2026-07-28" => "JSONRPCResultResponse",
            _ => "JSONRPCResponse",
        };
        self.check(&revision, envelope, message)?;
        let definition = match method {
            "initialize" => "InitializeResult",
            "server/discover" => "DiscoverResult",
            "tools/list" => "ListToolsResult",
            "prompts/list" => "ListPromptsResult",
            "resources/list" => "ListResourcesResult",
            "resources/templates/list" => "ListResourceTemplatesResult",
            "tools/call" => "CallToolResult",
            "subscriptions/listen" => "SubscriptionsListenResult",
            "ping" => "EmptyResult",
            other => return Err(format!("a result for {other}")),
        };
        self.check(&revision, definition, result)?;
        let modern_only = ["resultType", "ttlMs", "cacheScope"].iter().any(|field| !result[field].is_null());
        let leaks = result["_meta"].get("io.modelcontextprotocol/serverInfo").is_some() || modern_only;
        match revision != "2026-07-28" && leaks {
            true => Err(format!("modern fields in a result of {revision}: {message}")),
            false => Ok(()),
        }
    }

    fn error(&mut self, message: &Value, revision: &str) -> Result<(), String> {
        let named = matches!(revision, "2025-11-25" | "2026-07-28");
        let envelope = if named { "JSONRPCErrorResponse" } else { "JSONRPCError" };
        if !named && message["id"].is_null() {
            return self.check(revision, envelope, &with_id(message));
        }
        self.check(revision, envelope, message)?;
        match message["error"]["code"].as_i64() {
            Some(-32022) => self.check("2026-07-28", "UnsupportedProtocolVersionError", message),
            _ => Ok(()),
        }
    }

    fn notification(&mut self, message: &Value) -> Result<(), String> {
        if message.get("id").is_some() {
            return Err(format!("a request to the host: {message}"));
        }
        let params = &message["params"];
        let tagged = params["_meta"].get("io.modelcontextprotocol/subscriptionId").is_some();
        let definition = match message["method"].as_str().unwrap_or_default() {
            "notifications/progress" => "ProgressNotification",
            "notifications/tools/list_changed" => "ToolListChangedNotification",
            "notifications/subscriptions/acknowledged" => "SubscriptionsAcknowledgedNotification",
            other => return Err(format!("nobody expects {other}")),
        };
        let revision = match self.tokens.get(&params["progressToken"].to_string()) {
            Some(revision) => revision.clone(),
            None if definition == "ProgressNotification" => return Err(format!("no such token: {message}")),
            None if tagged => "2026-07-28".to_owned(),
            None => self.revision.clone(),
        };
        self.check(&revision, "JSONRPCNotification", message)?;
        self.check(&revision, definition, message)
    }

    fn check(&mut self, revision: &str, definition: &str, value: &Value) -> Result<(), String> {
        self.checked.push(format!("{definition}@{revision}"));
        self.schemas.validate(revision, definition, value)
    }
}

/// The older schemas have no form for an error about a message without id; JSON-RPC has: null. Here it stands for 0.
fn with_id(message: &Value) -> Value {
    let mut message = message.clone();
    if message.get("error").is_some() && message.get("id").is_some_and(Value::is_null) {
        message["id"] = json!(0);
    }
    message
}

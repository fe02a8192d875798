//! Checks what a server wrote against the JSON Schema of its revision.
//!
//! The schemas are the protocol's own and not part of this repository: they are taken from the directory that
//! `EXAI_MCP_SCHEMA_DIR` names, else from `../shared/mcp-schema` beside the checkout.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::host::{Direction, Line, Revision, Transcript};

/// The schemas of all revisions.
#[derive(Debug)]
pub struct Schemas {
    documents: BTreeMap<Revision, Value>,
    /// Compiled on first use: a revision has up to 155 definitions, a test needs a few.
    validators: RefCell<BTreeMap<(Revision, String), Validator>>,
}

impl Schemas {
    /// The schemas, where they are at hand; `None`, and a line on stderr, where they are not.
    ///
    /// # Errors
    /// `EXAI_MCP_SCHEMA_DIR` is set, but the schemas can't be read there: whoever sets it wants the check.
    pub fn at_hand() -> anyhow::Result<Option<Self>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no `main` that could pass the directory in"
        )]
        let configured = std::env::var_os("EXAI_MCP_SCHEMA_DIR").map(PathBuf::from);
        if let Some(directory) = configured {
            return Self::read(&directory).map(Some);
        }
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mcp-schema");
        if !beside.exists() {
            eprintln!(
                "skipped: no MCP schemas in {}; EXAI_MCP_SCHEMA_DIR names another place",
                beside.display()
            );
            return Ok(None);
        }
        Self::read(&beside).map(Some)
    }

    /// Reads `REVISION/schema.json` for every revision below `directory`.
    ///
    /// # Errors
    /// One is missing or no JSON.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let mut documents = BTreeMap::new();
        for revision in Revision::ALL {
            let path = directory.join(revision.text()).join("schema.json");
            let text = std::fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
            documents.insert(revision, serde_json::from_slice(&text)?);
        }
        Ok(Self { documents, validators: RefCell::default() })
    }

    /// Checks a value against a definition, for example `CallToolResult`.
    ///
    /// # Errors
    /// The revision has no such definition, or the value does not fit; the error says where.
    pub fn check(&self, revision: Revision, definition: &str, value: &Value) -> anyhow::Result<()> {
        let key = (revision, definition.to_owned());
        let mut validators = self.validators.borrow_mut();
        if !validators.contains_key(&key) {
            validators.insert(key.clone(), self.compile(revision, definition)?);
        }
        let validator = validators.get(&key).context("just inserted")?;
        let errors: Vec<String> =
            validator.iter_errors(value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        ensure!(errors.is_empty(), "no {definition} of {}: {}", revision.text(), errors.join("; "));
        Ok(())
    }

    /// Checks every line that the server wrote, by the revision of the request it answers; returns their number.
    ///
    /// # Errors
    /// Names the first line that does not fit.
    pub fn check_transcript(&self, transcript: &Transcript) -> anyhow::Result<usize> {
        let mut walk =
            Walk { schemas: self, requests: BTreeMap::new(), tokens: BTreeMap::new(), legacy: None };
        let mut count = 0;
        for line in transcript.lines() {
            match line.direction {
                Direction::Sent => walk.sent(line),
                Direction::Received => {
                    walk.received(line).with_context(|| format!("the server wrote {}", line.text))?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    fn compile(&self, revision: Revision, definition: &str) -> anyhow::Result<Validator> {
        let document = self.documents.get(&revision).context("no such revision")?;
        let key = if document.get("$defs").is_some() { "$defs" } else { "definitions" };
        let definitions = document.get(key).context("a schema without definitions")?;
        ensure!(definitions.get(definition).is_some(), "{} has no {definition}", revision.text());
        let schema = json!({
            "$schema": document.get("$schema"), "$ref": format!("#/{key}/{definition}"), key: definitions,
        });
        jsonschema::validator_for(&schema).map_err(|e| anyhow::anyhow!("{definition}: {e}"))
    }
}

/// Who asked what, and by which revision.
struct Walk<'a> {
    schemas: &'a Schemas,
    requests: BTreeMap<String, (String, Revision)>,
    tokens: BTreeMap<String, Revision>,
    legacy: Option<Revision>,
}

impl Walk<'_> {
    fn sent(&mut self, line: &Line) {
        for message in line.messages() {
            let (Some(id), Some(method)) = (message.get("id"), message.get("method").and_then(Value::as_str))
            else {
                continue;
            };
            let revision = Transcript::revision_of(message).or(self.legacy).unwrap_or(Revision::V2025_11_25);
            self.requests.insert(id.to_string(), (method.to_owned(), revision));
            if let Some(token) = message.pointer("/params/_meta/progressToken") {
                self.tokens.insert(token.to_string(), revision);
            }
        }
    }

    fn received(&mut self, line: &Line) -> anyhow::Result<()> {
        ensure!(line.json.is_some(), "no JSON");
        line.messages().try_for_each(|message| match message.get("method").and_then(Value::as_str) {
            Some(method) => self.notification(method, message),
            None => self.response(message),
        })
    }

    fn response(&mut self, message: &Value) -> anyhow::Result<()> {
        let id = message.get("id").unwrap_or(&Value::Null).to_string();
        let fallback = (String::new(), self.legacy.unwrap_or(Revision::V2025_11_25));
        let (method, mut revision) = self.requests.get(&id).cloned().unwrap_or(fallback);
        let Some(result) = message.get("result") else { return self.error(revision, message) };
        if method == "initialize" {
            // From here on everything without a revision of its own follows this one.
            self.legacy = Transcript::revision_of(message);
            revision = self.legacy.context("a revision that does not exist")?;
        }
        let definition = match method.as_str() {
            "initialize" => "InitializeResult",
            "server/discover" => "DiscoverResult",
            "subscriptions/listen" => "SubscriptionsListenResult",
            "tools/list" => "ListToolsResult",
            "tools/call" => "CallToolResult",
            "prompts/list" => "ListPromptsResult",
            "resources/list" => "ListResourcesResult",
            "resources/templates/list" => "ListResourceTemplatesResult",
            "completion/complete" => "CompleteResult",
            "ping" | "logging/setLevel" => "EmptyResult",
            other => bail!("a result for {other:?}, of which no schema speaks"),
        };
        self.schemas.check(revision, definition, result)?;
        let envelope =
            if revision < Revision::V2025_11_25 { "JSONRPCResponse" } else { "JSONRPCResultResponse" };
        self.schemas.check(revision, envelope, message)
    }

    fn error(&self, revision: Revision, message: &Value) -> anyhow::Result<()> {
        let mut message = message.clone();
        // JSON-RPC wants null where no id could be read; the schemas speak of readable ones only.
        if let Some(id) = message.get_mut("id").filter(|id| id.is_null()) {
            *id = 0.into();
        }
        let definition =
            if revision < Revision::V2025_11_25 { "JSONRPCError" } else { "JSONRPCErrorResponse" };
        self.schemas.check(revision, definition, &message)
    }

    fn notification(&self, method: &str, message: &Value) -> anyhow::Result<()> {
        let token = message.pointer("/params/progressToken").map(Value::to_string);
        let subscription = message.pointer("/params/_meta/io.modelcontextprotocol~1subscriptionId");
        let revision = match (token.and_then(|token| self.tokens.get(&token)), subscription) {
            (Some(revision), _) => *revision,
            (None, Some(_)) => Revision::V2026_07_28,
            (None, None) => self.legacy.unwrap_or(Revision::V2025_11_25),
        };
        let definition = match method {
            "notifications/progress" => "ProgressNotification",
            "notifications/message" => "LoggingMessageNotification",
            "notifications/cancelled" => "CancelledNotification",
            "notifications/tools/list_changed" => "ToolListChangedNotification",
            "notifications/subscriptions/acknowledged" => "SubscriptionsAcknowledgedNotification",
            other => bail!("{other:?} is no notification that this server sends"),
        };
        self.schemas.check(revision, definition, message)
    }
}

#[cfg(test)]
mod tests;

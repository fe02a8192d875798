//! One conversation, heard from both sides: what a line must look like follows from what it answers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::{Schemas, task};
use crate::host::{Revision, Transcript};

/// Which revision a server speaks to a host that has not said hello.
const WITHOUT_HANDSHAKE: Revision = Revision::V2025_11_25;

/// Fields that results have in the modern era only; hosts of older revisions are not to see them.
const MODERN_FIELDS: [&str; 4] =
    ["/resultType", "/ttlMs", "/cacheScope", "/_meta/io.modelcontextprotocol~1serverInfo"];

/// Is told every message of either side, in order, and checks those of the server.
#[derive(Debug)]
pub struct Conversation<'a> {
    schemas: &'a Schemas,
    /// As agreed by `initialize`.
    legacy: Revision,
    /// Method and revision of each request, by its id as JSON.
    requests: BTreeMap<String, (String, Revision)>,
    /// The revision of the request that gave the token, by the token as JSON.
    tokens: BTreeMap<String, Revision>,
    checked: BTreeSet<String>,
}

impl<'a> Conversation<'a> {
    /// Nothing has been said yet.
    pub fn new(schemas: &'a Schemas) -> Self {
        Self {
            schemas,
            legacy: WITHOUT_HANDSHAKE,
            requests: BTreeMap::new(),
            tokens: BTreeMap::new(),
            checked: BTreeSet::new(),
        }
    }

    /// Every definition that something was checked against, as `CallToolResult@2025-06-18`.
    pub fn checked(&self) -> &BTreeSet<String> {
        &self.checked
    }

    /// A line of the host. What is no JSON asks for nothing.
    pub fn host_line(&mut self, line: &[u8]) {
        if let Ok(json) = serde_json::from_slice(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)) {
            self.host(&json);
        }
    }

    /// A message of the host, or a batch.
    pub fn host(&mut self, json: &Value) {
        match json {
            Value::Array(messages) => messages.iter().for_each(|message| self.request(message)),
            message => self.request(message),
        }
    }

    /// A line of the server.
    ///
    /// # Errors
    /// It is no JSON, or does not fit the schema of its revision.
    pub fn server_line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let json = serde_json::from_slice(line)
            .with_context(|| format!("the server wrote no JSON: {}", String::from_utf8_lossy(line)))?;
        self.server(&json)
    }

    /// A message of the server, or a batch.
    ///
    /// # Errors
    /// It does not fit the schema of its revision.
    pub fn server(&mut self, json: &Value) -> anyhow::Result<()> {
        let done = match json {
            Value::Array(messages) => self.batch(messages),
            message => self.message(message),
        };
        done.with_context(|| format!("the server wrote {json}"))
    }

    fn request(&mut self, message: &Value) {
        let method = message.get("method").and_then(Value::as_str);
        let (Some(id), Some(method)) = (message.get("id"), method) else { return };
        let revision = Transcript::revision_of(message).unwrap_or(self.legacy);
        self.requests.insert(id.to_string(), (method.to_owned(), revision));
        if let Some(token) = message.pointer("/params/_meta/progressToken") {
            self.tokens.insert(token.to_string(), revision);
        }
    }

    fn batch(&mut self, messages: &[Value]) -> anyhow::Result<()> {
        let with_ids = messages.iter().map(with_id).collect();
        self.check(self.legacy, "JSONRPCMessage", &Value::Array(with_ids))?;
        messages.iter().try_for_each(|message| self.message(message))
    }

    fn message(&mut self, message: &Value) -> anyhow::Result<()> {
        if let Some(method) = message.get("method") {
            return self.notification(method.as_str().context("a method that is no text")?, message);
        }
        let id = message.get("id").map(Value::to_string);
        let asked = id.and_then(|id| self.requests.get(&id)).cloned();
        if message.get("error").is_some() {
            return self.error(asked.map_or(self.legacy, |(_, revision)| revision), message);
        }
        let (method, revision) = asked.context("it answers nothing")?;
        self.result(&method, revision, message)
    }

    fn result(&mut self, method: &str, mut revision: Revision, message: &Value) -> anyhow::Result<()> {
        if method == "initialize" {
            // From here on everything without a revision of its own follows this one.
            revision = Transcript::revision_of(message).context("a revision that does not exist")?;
            self.legacy = revision;
        }
        let envelope =
            if revision < Revision::V2025_11_25 { "JSONRPCResponse" } else { "JSONRPCResultResponse" };
        self.check(revision, envelope, message)?;
        let definition = match method {
            "initialize" => "InitializeResult",
            "server/discover" => "DiscoverResult",
            "subscriptions/listen" => "SubscriptionsListenResult",
            "tools/list" => "ListToolsResult",
            "tools/call" => return self.call_result(revision, message),
            "tasks/get" => {
                return self.task("GetTaskResult", message.pointer("/result"), &["resultType", "_meta"]);
            }
            "tasks/update" | "tasks/cancel" => "EmptyResult",
            "prompts/list" => "ListPromptsResult",
            "resources/list" => "ListResourcesResult",
            "resources/templates/list" => "ListResourceTemplatesResult",
            "ping" => "EmptyResult",
            other => bail!("a result for {other:?}, which this server does not serve"),
        };
        self.plain_result(revision, definition, message)
    }

    /// What a call ends with, or what may come instead in the modern era.
    fn call_result(&mut self, revision: Revision, message: &Value) -> anyhow::Result<()> {
        let result = message.get("result");
        let result_type = result.and_then(|result| result.get("resultType")).and_then(Value::as_str);
        match result_type.filter(|_| revision == Revision::V2026_07_28) {
            Some("task") => self.task("CreateTaskResult", result, &["resultType", "_meta"]),
            Some("input_required") => {
                let carries = |field| result.is_some_and(|result| result.get(field).is_some());
                ensure!(carries("requestState") || carries("inputRequests"), "nothing to come back with");
                self.plain_result(revision, "InputRequiredResult", message)
            }
            _ => self.plain_result(revision, "CallToolResult", message),
        }
    }

    fn plain_result(&mut self, revision: Revision, definition: &str, message: &Value) -> anyhow::Result<()> {
        let result = message.get("result").context("neither a result nor an error")?;
        self.check(revision, definition, result)?;
        let leak = MODERN_FIELDS.iter().find(|field| result.pointer(field).is_some());
        ensure!(revision == Revision::V2026_07_28 || leak.is_none(), "{leak:?} in a result of {revision:?}");
        Ok(())
    }

    fn error(&mut self, revision: Revision, message: &Value) -> anyhow::Result<()> {
        if revision < Revision::V2025_11_25 {
            return self.check(revision, "JSONRPCError", &with_id(message));
        }
        self.check(revision, "JSONRPCErrorResponse", message)?;
        match message.pointer("/error/code").and_then(Value::as_i64) {
            Some(-32022) => self.check(Revision::V2026_07_28, "UnsupportedProtocolVersionError", message),
            Some(-32021) => {
                self.check(Revision::V2026_07_28, "MissingRequiredClientCapabilityError", message)
            }
            _ => Ok(()),
        }
    }

    fn notification(&mut self, method: &str, message: &Value) -> anyhow::Result<()> {
        ensure!(message.get("id").is_none(), "a request to the host");
        let token = message.pointer("/params/progressToken").map(Value::to_string);
        let subscription = message.pointer("/params/_meta/io.modelcontextprotocol~1subscriptionId");
        let (definition, revision) = match (method, token) {
            ("notifications/progress", token) => {
                let revision = token.and_then(|token| self.tokens.get(&token)).copied();
                ("ProgressNotification", revision.context("a token that nobody gave")?)
            }
            ("notifications/tools/list_changed", _) if subscription.is_none() => {
                ("ToolListChangedNotification", self.legacy)
            }
            ("notifications/tools/list_changed", _) => ("ToolListChangedNotification", Revision::V2026_07_28),
            ("notifications/subscriptions/acknowledged", _) => {
                ("SubscriptionsAcknowledgedNotification", Revision::V2026_07_28)
            }
            ("notifications/tasks", _) => {
                ensure!(subscription.is_some(), "news of a task beside any subscription");
                self.check(Revision::V2026_07_28, "JSONRPCNotification", message)?;
                return self.task("TaskStatusNotification", message.get("params"), &["_meta"]);
            }
            (other, _) => bail!("{other:?} is no notification that this server sends"),
        };
        self.check(revision, "JSONRPCNotification", message)?;
        self.check(revision, definition, message)
    }

    fn task(&mut self, kind: &str, task: Option<&Value>, others: &[&str]) -> anyhow::Result<()> {
        self.checked.insert(format!("{kind}@{}", Revision::V2026_07_28.text()));
        task::check(self.schemas, task.context("no task")?, others)
    }

    fn check(&mut self, revision: Revision, definition: &str, value: &Value) -> anyhow::Result<()> {
        self.checked.insert(format!("{definition}@{}", revision.text()));
        self.schemas.check(revision, definition, value)
    }
}

/// JSON-RPC wants null where no id could be read; the older schemas speak of readable ones only. Here 0 stands for it.
fn with_id(message: &Value) -> Value {
    let mut message = message.clone();
    if message.get("error").is_some()
        && let Some(id) = message.get_mut("id").filter(|id| id.is_null())
    {
        *id = 0.into();
    }
    message
}

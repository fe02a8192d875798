//! Checks what a server wrote against the JSON Schema of its revision.
//!
//! The schemas are the protocol's own and not part of this repository: they are taken from the directory that
//! `EXAI_MCP_SCHEMA_DIR` names, else from `../shared/mcp-schema` beside the checkout. Where the variable is set they must
//! be there; where it is not and they are missing, the checks are skipped and stderr says so.

mod conversation;
mod task;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, ensure};
use jsonschema::Validator;
use serde_json::{Value, json};

pub use conversation::Conversation;

use crate::host::{Direction, Revision, Transcript};

/// The schemas of all revisions.
#[derive(Debug)]
pub struct Schemas {
    directory: PathBuf,
    documents: BTreeMap<Revision, Value>,
    /// Compiled on first use: a revision has up to 155 definitions, a test needs a few.
    validators: Mutex<BTreeMap<(Revision, String), Arc<Validator>>>,
}

impl Schemas {
    /// The schemas, where they are at hand; `None`, and a line on stderr, where they are not. Read once a process.
    ///
    /// # Errors
    /// `EXAI_MCP_SCHEMA_DIR` is set, but the schemas can't be read there: whoever sets it wants the check.
    pub fn at_hand() -> anyhow::Result<Option<&'static Self>> {
        static FOUND: OnceLock<Result<Option<Schemas>, String>> = OnceLock::new();
        match FOUND.get_or_init(|| Self::find().map_err(|error| format!("{error:#}"))) {
            Ok(found) => Ok(found.as_ref()),
            Err(error) => Err(anyhow::anyhow!("{error}")),
        }
    }

    fn find() -> anyhow::Result<Option<Self>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no `main` that could pass the directory in"
        )]
        let configured = std::env::var_os("EXAI_MCP_SCHEMA_DIR").map(PathBuf::from);
        if let Some(directory) = configured {
            return Self::read(&directory).map(Some);
        }
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mcp-schema");
        if beside.exists() {
            return Self::read(&beside).map(Some);
        }
        // Written past the capture of the test runner, so that the skip is seen.
        let place = beside.display();
        writeln!(
            std::io::stderr(),
            "skipped: no MCP schemas in {place}; EXAI_MCP_SCHEMA_DIR names another place"
        )?;
        Ok(None)
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
        Ok(Self { directory: directory.to_owned(), documents, validators: Mutex::default() })
    }

    /// Where they lie; the protocol's examples lie there too.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Checks a value against a definition, for example `CallToolResult`.
    ///
    /// # Errors
    /// The revision has no such definition, or the value does not fit; the error says where.
    pub fn check(&self, revision: Revision, definition: &str, value: &Value) -> anyhow::Result<()> {
        let validator = self.validator(revision, definition)?;
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
        let mut conversation = Conversation::new(self);
        let mut count = 0;
        for line in transcript.lines() {
            match (line.direction, line.json.as_deref()) {
                (Direction::Sent, Some(json)) => conversation.host(json),
                (Direction::Sent, None) => {}
                (Direction::Received, json) => {
                    let json = json.with_context(|| format!("the server wrote no JSON: {}", line.text))?;
                    conversation.server(json)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    fn validator(&self, revision: Revision, definition: &str) -> anyhow::Result<Arc<Validator>> {
        let key = (revision, definition.to_owned());
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = validators.get(&key) {
            return Ok(Arc::clone(validator));
        }
        let validator = Arc::new(self.compile(revision, definition)?);
        validators.insert(key, Arc::clone(&validator));
        Ok(validator)
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

#[cfg(test)]
mod tests;

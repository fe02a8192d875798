//! What a provider says of its own models: the answer to `GET /models`.
//!
//! Everybody who imitates OpenAI has this list, each with fields of its own. Only the ids are counted on.

use serde_json::Value;

use crate::model::{Capability, Model, Thinking, is_id};
use crate::redact::Redactor;

/// Longest list that is read, in bytes.
pub(crate) const LIST_BYTES_MAX: usize = 1 << 20;

/// Most models that are taken of one list.
pub(crate) const FOUND_MAX: usize = 2_000;

/// Under which names the context stands: of Kimi and routers, of vLLM, of others.
const CONTEXT: [&str; 4] = ["context_length", "max_model_len", "context_window", "max_context_length"];

/// A model as its provider tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: String,
    /// Tokens of question and answer together; 0 where it does not say.
    context: u32,
    takes_images: bool,
    thinks: bool,
}

/// A list that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what came is no list of models")]
pub(crate) struct NoList;

/// Reads a list of at most [`LIST_BYTES_MAX`]; entries without a usable id are passed over, and those that an earlier one
/// has the id of.
///
/// # Errors
/// [`NoList`].
pub(crate) fn parse(text: &[u8], redactor: &Redactor) -> Result<Vec<Found>, NoList> {
    let list: Value = serde_json::from_slice(text).map_err(|_| NoList)?;
    let entries = list.get("data").unwrap_or(&list).as_array().ok_or(NoList)?;
    let mut found: Vec<Found> = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for one in entries.iter().filter_map(|entry| Found::read(entry, redactor)) {
        if found.len() < FOUND_MAX && ids.insert(one.id.to_lowercase()) {
            found.push(one);
        }
    }
    Ok(found)
}

impl Found {
    fn read(entry: &Value, redactor: &Redactor) -> Option<Self> {
        let id = entry.get("id")?.as_str()?;
        let is_word = is_id(id) && id.bytes().all(|byte| byte.is_ascii_graphic());
        // An id goes into sentences and back to the provider: one that would have to be changed is of no use.
        if !is_word || redactor.holds_key(id) {
            return None;
        }
        let context = CONTEXT.iter().find_map(|name| entry.get(*name)?.as_u64());
        let says = |name: &str| entry.get(name).and_then(Value::as_bool).unwrap_or_default();
        Some(Self {
            id: id.to_owned(),
            context: context.and_then(|context| u32::try_from(context).ok()).unwrap_or_default(),
            takes_images: says("supports_image_in"),
            thinks: says("supports_reasoning"),
        })
    }

    /// A model of which this is all that is known.
    pub(crate) fn model(&self, provider: &str) -> Model {
        let mut model = Model::unlisted(provider, &self.id);
        if self.thinks {
            model.thinking = Thinking::Always;
        }
        self.fill(&mut model);
        model
    }

    /// Fills in what is not known.
    pub(crate) fn fill(&self, model: &mut Model) {
        if model.context == 0 {
            model.context = self.context;
        }
        if self.takes_images && !model.can.contains(&Capability::Vision) {
            model.can.insert(0, Capability::Vision);
        }
    }
}

#[cfg(test)]
mod tests;

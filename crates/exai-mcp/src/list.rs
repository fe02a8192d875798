//! The tool list, rendered once a revision.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::fields::push_fields;
use crate::json::{Kind, each_element, kind};
use crate::outbox::REPLY_BYTES_MAX;
use crate::revision::{Part, Revision};

/// Longest rendered list, in bytes; half a line, so that the rest of the answer is no concern. Tools beyond it
/// are left out, as the host would lose all of them with the line.
const LIST_BYTES_MAX: usize = REPLY_BYTES_MAX / 2;

/// Whether a replacement made a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Real,
    None,
}

/// Tool definitions.
#[derive(Debug)]
pub(crate) struct ToolList {
    /// Array of tools as of the newest revision.
    source: Box<RawValue>,
    rendered: BTreeMap<Revision, String>,
}

impl ToolList {
    pub(crate) fn new(source: Box<RawValue>) -> Self {
        Self { source, rendered: BTreeMap::new() }
    }

    /// Takes over other definitions.
    pub(crate) fn replace(&mut self, source: Box<RawValue>) -> Change {
        let change = if equal(&self.source, &source) { Change::None } else { Change::Real };
        if change == Change::Real {
            *self = Self::new(source);
        }
        change
    }

    /// The array as that revision has it.
    pub(crate) fn array(&mut self, revision: Revision) -> &str {
        self.rendered.entry(revision).or_insert_with(|| render(&self.source, revision))
    }
}

/// Equal but for layout and the order of fields.
fn equal(one: &RawValue, other: &RawValue) -> bool {
    let value = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
    one.get() == other.get() || value(one).is_some_and(|one| value(other) == Some(one))
}

fn render(source: &RawValue, revision: Revision) -> String {
    let mut array = String::from("[");
    let rendered = each_element(source.get(), |tool| {
        if kind(tool) == Kind::Object && array.len() + tool.get().len() < LIST_BYTES_MAX {
            if array.len() > 1 {
                array.push(',');
            }
            push_fields(&mut array, Part::Tool, tool, revision);
        }
    });
    if rendered.is_err() {
        array.truncate(1);
    }
    array.push(']');
    array
}

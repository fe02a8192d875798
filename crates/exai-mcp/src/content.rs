//! Content blocks in the shape of a revision.

use serde_json::value::RawValue;

use crate::fields::push_fields;
use crate::json::{Kind, each_element, kind, pick, push_string, text};
use crate::revision::{Part, Revision};

/// Appends the array. Blocks of a kind that the revision lacks become text, so that nothing vanishes in silence.
pub(crate) fn push(out: &mut String, content: &RawValue, revision: Revision) {
    if kind(content) != Kind::Array {
        return out.push_str("[]");
    }
    if revision.has_all_content() {
        return out.push_str(content.get());
    }
    let mut separator = "";
    out.push('[');
    // `content` is an array, so the walk does not fail.
    let _ = each_element(content.get(), |block| {
        out.push_str(separator);
        separator = ",";
        push_block(out, block, revision);
    });
    out.push(']');
}

fn push_block(out: &mut String, block: &RawValue, revision: Revision) {
    let Ok([of, link_name, uri]) = pick(block.get(), ["type", "name", "uri"]) else {
        return out.push_str(block.get());
    };
    let of = of.and_then(text).unwrap_or_default();
    if revision.has_content(&of) {
        return push_fields(out, Part::Content, block, revision);
    }
    let instead = match (link_name.and_then(text), uri.and_then(text)) {
        (Some(link_name), Some(uri)) => format!("{link_name}: {uri}"),
        _ => format!("[{of} left out: MCP {} has no such content]", revision.name()),
    };
    push_text_block(out, &instead);
}

/// Appends a block of text.
pub(crate) fn push_text_block(out: &mut String, text: &str) {
    out.push_str("{\"type\":\"text\",\"text\":");
    push_string(out, text);
    out.push('}');
}

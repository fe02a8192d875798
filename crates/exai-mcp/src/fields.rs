//! Objects in the shape of a revision.

use serde_json::value::RawValue;

use crate::json::{Kind, each_field, kind, name};
use crate::revision::{Part, Revision};

/// Appends an object without the fields that the revision lacks. `object` must be one.
pub(crate) fn push_fields(out: &mut String, part: Part, object: &RawValue, revision: Revision) {
    let mut separator = "";
    out.push('{');
    // Raw values are valid JSON by their type, so only another kind of value could fail: then the object is empty.
    let _ = each_field(object.get(), |key, value| {
        if !revision.has_field(part, &name(key), value) {
            return;
        }
        out.push_str(separator);
        separator = ",";
        out.push_str(key.get());
        out.push(':');
        if part == Part::Content && name(key) == "resource" && kind(value) == Kind::Object {
            push_fields(out, Part::Resource, value, revision);
        } else {
            out.push_str(value.get());
        }
    });
    out.push('}');
}

//! Argument schemas that every surveyed host and model API takes.
//!
//! Model APIs reject, or hosts silently drop, tools whose schemas hold references, lists of types or unknown
//! formats. So what `schemars` derives is reduced to: `type`, `description`, `enum`, `minimum`, `maximum`,
//! `items`, `properties`, `required`.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// The arguments of a tool that takes none.
#[derive(JsonSchema)]
pub(crate) struct NoArguments {}

/// The schema of `T` as `schemars` sees it, with everything it refers to written in place.
pub(crate) fn of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    settings.into_generator().into_root_schema_for::<T>()
}

/// Reduces a schema to the portable subset.
pub(crate) fn portable(schema: Schema) -> Value {
    let mut root = match schema.to_value() {
        Value::Object(members) => reduce(members),
        _ => Map::new(),
    };
    // The struct's own documentation is for readers of the source; the tool has its description.
    root.remove("description");
    root.insert("type".to_owned(), Value::from("object"));
    root.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    Value::Object(root)
}

/// Keeps the portable members, sorted, whatever map `serde_json` was built with: the catalogue's hash depends on
/// the order.
fn reduce(members: Map<String, Value>) -> Map<String, Value> {
    let mut kept: Vec<(String, Value)> =
        members.into_iter().filter_map(|(name, value)| member(name, value)).collect();
    kept.sort_by(|one, other| one.0.cmp(&other.0));
    kept.into_iter().collect()
}

fn member(name: String, value: Value) -> Option<(String, Value)> {
    let value = match (name.as_str(), value) {
        ("description" | "minimum" | "maximum" | "required", value) => value,
        ("type", Value::Array(types)) => types.into_iter().find(|one| one != "null")?,
        ("type", value) => value,
        ("enum", Value::Array(values)) => values.into_iter().filter(|one| !one.is_null()).collect(),
        ("items", Value::Object(items)) => Value::Object(reduce(items)),
        ("properties", Value::Object(properties)) => Value::Object(sorted_properties(properties)),
        _ => return None,
    };
    Some((name, value))
}

fn sorted_properties(properties: Map<String, Value>) -> Map<String, Value> {
    let mut sorted: Vec<(String, Value)> = properties
        .into_iter()
        .map(|(name, value)| match value {
            Value::Object(members) => (name, Value::Object(reduce(members))),
            other => (name, other),
        })
        .collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    sorted.into_iter().collect()
}

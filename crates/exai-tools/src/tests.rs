use std::collections::BTreeSet;

use exai_provider::{ModelInfo, Status};
use serde_json::Value;

use crate::{Class, catalogue_hash, catalogue_json, class, files_params, names};

/// A usable model, for tests of every file.
pub(crate) fn model(id: &str) -> ModelInfo {
    ModelInfo {
        id: id.to_owned(),
        provider: "glm".to_owned(),
        aliases: Vec::new(),
        context: 200_000,
        output_cap: 131_072,
        status: Status::Current,
        ends: None,
        successor: None,
        can: Vec::new(),
        found: false,
        thinks: true,
        is_default: false,
        usable: true,
        key_variable: "GLM_API_KEY".to_owned(),
        price: None,
    }
}

fn definitions() -> Vec<Value> {
    serde_json::from_str(catalogue_json().get()).unwrap()
}

#[test]
fn definitions_fit_their_budgets() {
    for definition in definitions() {
        let chars = definition.to_string().chars().count();
        assert!(chars < 1800, "{}: {chars}", definition["name"]);
    }
    // 3.5 characters a token is what JSON with English prose takes at most.
    let tokens = catalogue_json().get().len() as f64 / 3.5;
    assert!(tokens < 2000.0, "{tokens}");
}

#[test]
fn names_are_portable_and_unique() {
    let unique: BTreeSet<&str> = names().collect();
    assert_eq!(unique.len(), names().count());
    for name in names() {
        assert!(
            name.len() <= 24 && name.chars().all(|char| matches!(char, 'a'..='z' | '0'..='9' | '_')),
            "{name}"
        );
    }
}

#[test]
fn schemas_hold_only_what_every_host_takes() {
    fn check(value: &Value, at: &str) {
        let allowed =
            ["type", "description", "enum", "minimum", "maximum", "items", "properties", "required"];
        for (name, inner) in value.as_object().unwrap() {
            assert!(allowed.contains(&name.as_str()), "{at}: {name}");
            match name.as_str() {
                "properties" => {
                    inner.as_object().unwrap().iter().for_each(|(name, inner)| check(inner, name))
                }
                "items" => check(inner, at),
                "type" => assert!(inner.is_string(), "{at}: {inner}"),
                _ => {}
            }
        }
    }
    for definition in definitions() {
        let schema = &definition["inputSchema"];
        check(schema, definition["name"].as_str().unwrap());
        assert_eq!(schema["type"], "object");
        assert!(schema["properties"].is_object());
    }
}

#[test]
fn annotations_are_true() {
    for definition in definitions() {
        let name = definition["name"].as_str().unwrap();
        let costs = class(name) == Some(Class::Metered);
        let hints = &definition["annotations"];
        assert_eq!(hints["readOnlyHint"], !costs, "{name}");
        assert_eq!(hints["idempotentHint"], !costs, "{name}");
        assert_eq!(hints["openWorldHint"], costs, "{name}");
        assert_eq!(hints["destructiveHint"], false, "{name}");
        assert!(!definition["title"].as_str().unwrap().is_empty());
    }
}

#[test]
fn classes_and_file_arguments_are_those_promised() {
    assert_eq!(class("chat"), Some(Class::Metered));
    for local in ["listmodels", "status", "version"] {
        assert_eq!(class(local), Some(Class::Pure));
    }
    assert_eq!(class("no_such_tool"), None);
    assert_eq!(files_params().into_iter().collect::<Vec<_>>(), [("chat".to_owned(), "files".to_owned())]);
    let chat = &definitions()[0];
    assert_eq!(chat["inputSchema"]["properties"]["files"]["items"]["type"], "string");
    assert_eq!(chat["inputSchema"]["required"], serde_json::json!(["prompt"]));
}

#[test]
fn the_hash_belongs_to_the_definitions() {
    assert_eq!(catalogue_hash().len(), 64);
    assert_eq!(catalogue_json().get(), catalogue_json().get());
}

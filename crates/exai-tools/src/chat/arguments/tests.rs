use exai_provider::{Effort, Fallback};
use serde_json::value::RawValue;

use super::ChatArguments;
use crate::chat::TOOL;

fn read(json: &str) -> Result<(ChatArguments, Option<String>), String> {
    ChatArguments::read(&RawValue::from_string(json.to_owned()).unwrap())
}

#[test]
fn every_argument_of_the_schema_is_read() {
    let json = r#"{"prompt":"p","model":"m","system":"s","fallback":true,"temperature":1,"effort":"high","conversation":"c",
        "files":[{"path":"/a","bytes":1,"sha256":"00","text":"x"}]}"#;
    let (arguments, remark) = read(json).unwrap();
    assert_eq!(remark, None);
    assert_eq!(arguments.prompt, "p");
    assert_eq!(arguments.model.as_deref(), Some("m"));
    assert_eq!(arguments.system.as_deref(), Some("s"));
    assert_eq!(arguments.fallback, Fallback::Allowed);
    assert_eq!(arguments.temperature, Some(1.0));
    assert_eq!(arguments.effort, Some(Effort::High));
    assert_eq!(arguments.conversation.as_deref(), Some("c"));
    assert_eq!(arguments.files[0].text, "x");

    let given: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    let schema = crate::schema::portable((TOOL.arguments)());
    let known: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(known, given.keys().collect::<Vec<_>>());
}

#[test]
fn the_names_of_the_predecessor_are_understood() {
    let (arguments, remark) = read(r#"{"prompt":"p","thinking_mode":"Max","continuation_id":"c"}"#).unwrap();
    assert_eq!(arguments.effort, Some(Effort::Max));
    assert_eq!(arguments.conversation.as_deref(), Some("c"));
    assert_eq!(remark, None);
}

#[test]
fn fallback_is_read_as_models_write_it() {
    for (written, meant) in [
        ("true", Fallback::Allowed),
        (r#""True""#, Fallback::Allowed),
        ("false", Fallback::Never),
        (r#""false""#, Fallback::Never),
        ("null", Fallback::ByPolicy),
        (r#""""#, Fallback::ByPolicy),
    ] {
        let (arguments, _) = read(&format!(r#"{{"prompt":"p","fallback":{written}}}"#)).unwrap();
        assert_eq!(arguments.fallback, meant, "{written}");
    }
    let sentence = read(r#"{"prompt":"p","fallback":"kimi-k3"}"#).unwrap_err();
    assert!(sentence.contains(r#"fallback: expected true or false, got "kimi-k3""#), "{sentence}");
}

#[test]
fn an_unknown_effort_gets_the_known_ones() {
    let sentence = read(r#"{"prompt":"p","effort":"extreme"}"#).unwrap_err();
    assert!(
        sentence.contains(r#"one of none, minimal, low, medium, high, max, got "extreme""#),
        "{sentence}"
    );
}

#[test]
fn the_words_for_effort_in_the_schema_are_those_that_are_read() {
    let schema = crate::schema::portable((TOOL.arguments)());
    let shown: Vec<&str> = schema["properties"]["effort"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    assert_eq!(shown, Effort::ALL.map(Effort::word));
}

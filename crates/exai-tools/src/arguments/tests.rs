use serde_json::value::RawValue;

use super::Arguments;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

#[test]
fn a_number_may_be_written_as_a_string() {
    let json = raw(r#"{"temperature":" 0.5 ","other":1.5}"#);
    let mut arguments = Arguments::read(&json);
    assert_eq!(arguments.number(&["temperature"], 0.0..=2.0), Some(0.5));
    assert_eq!(arguments.number(&["other"], 0.0..=2.0), Some(1.5));
    assert_eq!(arguments.finish(), Ok(None));
}

#[test]
fn every_problem_is_told_at_once_with_type_and_value() {
    let json = raw(r#"{"prompt":["x"],"temperature":"warm","model":7}"#);
    let mut arguments = Arguments::read(&json);
    assert_eq!(arguments.required_text("prompt"), None);
    assert_eq!(arguments.number(&["temperature"], 0.0..=2.0), None);
    assert_eq!(arguments.text(&["model"]), None);
    let sentence = arguments.finish().unwrap_err();
    assert!(sentence.contains(r#"prompt: expected a string, got ["x"]"#), "{sentence}");
    assert!(sentence.contains(r#"temperature: expected a number from 0 to 2, got "warm""#), "{sentence}");
    assert!(sentence.contains("model: expected a string, got 7"), "{sentence}");
    assert!(!sentence.contains("missing"), "{sentence}");
}

#[test]
fn a_misspelt_name_is_told_with_the_one_that_was_meant() {
    let json = raw(r#"{"promt":"x","tone":"warm"}"#);
    let mut arguments = Arguments::read(&json);
    assert_eq!(arguments.required_text("prompt"), None);
    assert_eq!(arguments.optional_text(&["model"]), None);
    let sentence = arguments.finish().unwrap_err();
    assert!(sentence.ends_with("unknown arguments: promt (did you mean `prompt`?), tone."), "{sentence}");
}

#[test]
fn a_required_text_must_be_there_and_say_something() {
    for (json, expected) in
        [("{}", "prompt: missing"), ("null", "prompt: missing"), (r#"{"prompt":" \n"}"#, "prompt: is empty")]
    {
        let json = raw(json);
        let mut arguments = Arguments::read(&json);
        assert_eq!(arguments.required_text("prompt"), None);
        assert!(arguments.finish().unwrap_err().contains(expected));
    }
}

#[test]
fn null_and_empty_text_count_as_not_given() {
    let json = raw(r#"{"model":null,"system":""}"#);
    let mut arguments = Arguments::read(&json);
    assert_eq!(arguments.optional_text(&["model"]), None);
    assert_eq!(arguments.optional_text(&["system"]), None);
    assert_eq!(arguments.finish(), Ok(None));
}

#[test]
fn the_first_name_wins_and_the_other_is_named_as_ignored() {
    let json = raw(r#"{"thinking_mode":"low","effort":"high"}"#);
    let mut arguments = Arguments::read(&json);
    assert_eq!(arguments.optional_text(&["effort", "thinking_mode"]).as_deref(), Some("high"));
    assert_eq!(arguments.finish(), Ok(Some("ignored unknown arguments: thinking_mode".to_owned())));
}

#[test]
fn unknown_arguments_are_named_but_not_without_end() {
    let members: Vec<String> = (0..40).map(|n| format!(r#""x{n:02}":{n}"#)).collect();
    let json = raw(&format!("{{{}}}", members.join(",")));
    let remark = Arguments::read(&json).finish().unwrap().unwrap();
    assert_eq!(remark, "ignored unknown arguments: x00, x01, x02, x03, x04 and 35 more");
}

#[test]
fn arguments_that_are_no_object_are_a_problem_and_long_values_are_cut() {
    let json = raw(&format!("\"{}\"", "é".repeat(500)));
    let sentence = Arguments::read(&json).finish().unwrap_err();
    assert!(sentence.contains("expected an object"), "{sentence}");
    assert!(sentence.chars().count() < 200, "{sentence}");
}

#[test]
fn a_complaint_names_what_nobody_knows_too() {
    let json = raw(r#"{"promt":"hi","sytem":"x"}"#);
    let mut arguments = Arguments::read(&json);
    assert_eq!(arguments.required_text("prompt"), None);
    let sentence = arguments.finish().unwrap_err();
    assert!(sentence.contains("prompt: missing"), "{sentence}");
    assert!(sentence.contains("unknown arguments: promt (did you mean `prompt`?), sytem."), "{sentence}");
}

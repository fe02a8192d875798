#![allow(clippy::unwrap_used)]

use super::*;

fn digest(tool: &str, params: &str) -> Digest {
    of_call(tool, &RawValue::from_string(params.to_owned()).unwrap())
}

#[test]
fn layout_order_and_what_stands_beside_do_not_count() {
    let one = digest(
        "chat",
        r#"{"name":"chat","arguments":{"a":1,"b":[2,{"c":3,"d":4}]},"_meta":{"progressToken":1}}"#,
    );
    let other =
        digest("chat", r#"{"_meta":{},"arguments": {"b": [2, {"d":4,"c":3}], "a": 1 },"name":"chat"}"#);
    assert_eq!(one, other);
    assert_eq!(digest("status", "{}"), digest("status", r#"{"arguments":{}}"#));
}

#[test]
fn tool_and_arguments_count() {
    let params = r#"{"arguments":{"prompt":"x"}}"#;
    assert_ne!(digest("chat", params), digest("chat2", params));
    assert_ne!(digest("chat", params), digest("chat", r#"{"arguments":{"prompt":"y"}}"#));
    // What can't be read whole counts by its bytes.
    let deep = format!(r#"{{"arguments":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(digest("chat", &deep), digest("chat", &deep));
    assert_ne!(digest("chat", &deep), digest("chat", &deep.replace('1', "2")));
}

#[test]
fn a_question_is_told_by_what_is_asked_by_whom_and_where() {
    let params = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let asked = params(r#"{"name":"chat","arguments":{"prompt":"x"},"_meta":{"progressToken":1}}"#);
    let question = |params, host, place: &str| of_question(params, host, Some(Path::new(place)));
    let key = question(&asked, Some("cursor"), "/work");
    let again = params(r#"{"arguments":{"prompt":"x"},"name":"chat","_meta":{"progressToken":7}}"#);
    assert_eq!(key, question(&again, Some("cursor"), "/work"));
    let other = params(r#"{"arguments":{"prompt":"y"},"name":"chat"}"#);
    assert_ne!(key, question(&other, Some("cursor"), "/work"));
    assert_ne!(key, question(&asked, Some("codex"), "/work"));
    assert_ne!(key, question(&asked, Some("cursor"), "/home"));
}

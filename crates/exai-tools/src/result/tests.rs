use serde_json::{Value, json};

use super::{BODY_BYTES_MAX, Outcome, Text, ToolResult};

fn text(main: String) -> Text {
    Text { first: "Note".to_owned(), main, last: "— last".to_owned() }
}

fn shown(result: &ToolResult) -> String {
    let body: Value = serde_json::from_str(result.body.get()).unwrap();
    body["content"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_success_is_one_text_block_and_facts() {
    let result = ToolResult::success(text("answer".to_owned()), json!({"model": "m"}));
    assert_eq!(result.outcome, Outcome::Ok);
    let body: Value = serde_json::from_str(result.body.get()).unwrap();
    let expected = json!({
        "resultType": "complete",
        "content": [{"type": "text", "text": "Note\n\nanswer\n\n— last"}],
        "isError": false,
        "_meta": {"dev.exai/route": {"model": "m"}},
    });
    assert_eq!(body, expected);
}

#[test]
fn a_long_text_is_cut_between_characters_and_marked() {
    for char in ["\u{1}", "\"", "😀"] {
        let main = char.repeat((8 << 20) / char.len());
        let result = ToolResult::success(text(main), Value::Null);
        assert!(result.body.get().len() <= BODY_BYTES_MAX, "{char:?}");
        assert!(result.body.get().len() > BODY_BYTES_MAX / 2, "{char:?}");
        let shown = shown(&result);
        assert!(
            shown.starts_with("Note\n\n") && shown.ends_with("too long for one result]\n\n— last"),
            "{char:?}"
        );
    }
}

#[test]
fn a_text_that_just_fits_is_left_alone() {
    let main = "a".repeat(6 << 20);
    assert!(shown(&ToolResult::success(text(main.clone()), Value::Null)).contains(&main));
}

#[test]
fn a_failure_is_short_and_an_error() {
    let result = ToolResult::failure(&"ü".repeat(100_000), Value::Null);
    assert_eq!(result.outcome, Outcome::Error);
    assert!(result.body.get().contains(r#""isError":true"#));
    assert!(result.body.get().len() < 9 << 10);
}

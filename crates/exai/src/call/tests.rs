use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::arguments::{ArgumentError, parse};
use super::dialogue::{Dialogue, Heard, is_failure, text_of};

fn parsed(words: &[&str]) -> Result<Value, ArgumentError> {
    let mut read = |path: &str| match path {
        "-" => Ok("from stdin".to_owned()),
        "here.txt" => Ok("from file".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    parse(words.iter().copied(), &mut read).map(Value::Object)
}

#[test]
fn words_become_strings_json_and_file_texts() {
    let words =
        ["prompt=a=b", "temperature:=0.2", "files:=[\"/a\"]", "system=@here.txt", "tail=@-", "empty="];
    assert_eq!(
        parsed(&words).unwrap(),
        json!({"prompt": "a=b", "temperature": 0.2, "files": ["/a"], "system": "from file",
            "tail": "from stdin", "empty": ""})
    );
}

#[test]
fn a_word_that_is_no_argument_is_told_with_the_way_out() {
    let message = |words: &[&str]| parsed(words).unwrap_err().to_string();
    assert_eq!(message(&["hello"]), "`hello` is no argument: write key=text, key:=json or key=@path");
    assert_eq!(message(&["=x"]), "`=x` is no argument: write key=text, key:=json or key=@path");
    assert!(message(&["a=1", "a:=2"]).starts_with("`a` is given twice"));
    assert!(message(&["a:=b"]).starts_with("`a:=` needs JSON: expected value"));
    assert!(message(&["a=@gone"]).starts_with("`a=@gone`: entity not found"));
}

fn dialogue() -> Dialogue {
    Dialogue::new("chat".to_owned(), json!({"prompt": "hi"}).as_object().unwrap().clone())
}

#[test]
fn the_call_follows_the_handshake() {
    let dialogue = dialogue();
    assert_eq!(dialogue.open()["method"], "initialize");
    let Heard::Say(lines) = dialogue.hear(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#) else {
        panic!("no call after the handshake")
    };
    assert_eq!(lines[0]["method"], "notifications/initialized");
    assert_eq!(lines[1]["params"]["name"], "chat");
    assert_eq!(lines[1]["params"]["arguments"], json!({"prompt": "hi"}));
    assert!(!lines[1]["params"]["_meta"]["progressToken"].is_null());
}

#[test]
fn answers_progress_and_noise_are_told_apart() {
    let dialogue = dialogue();
    let hear = |line: Value| dialogue.hear(&line.to_string());
    assert_eq!(
        hear(json!({"method": "notifications/progress",
            "params": {"progressToken": 2, "progress": 5, "message": "waiting"}})),
        Heard::Progress { text: "waiting".to_owned(), since: Duration::from_secs(5) }
    );
    assert_eq!(hear(json!({"id": 2, "result": {"x": 1}})), Heard::Result(json!({"x": 1})));
    assert_eq!(
        hear(json!({"id": 2, "error": {"code": -32602, "message": "no such tool"}})),
        Heard::Refused("no such tool".to_owned())
    );
    assert_eq!(hear(json!({"method": "notifications/tools/list_changed"})), Heard::Other);
    assert_eq!(dialogue.hear("not json"), Heard::Other);
}

#[test]
fn a_cancel_names_the_call_and_ends_with_a_ping() {
    let dialogue = dialogue();
    let lines = dialogue.cancel();
    assert_eq!(lines[0]["params"]["requestId"], 2);
    assert_eq!(dialogue.hear(&json!({"id": lines[1]["id"], "result": {}}).to_string()), Heard::Pong);
}

#[test]
fn a_result_is_its_text() {
    let result = json!({"content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two\n"},
        {"type": "image"}]});
    assert_eq!(text_of(&result), "one\ntwo\n{\"type\":\"image\"}\n");
    assert!(!is_failure(&result));
    assert!(is_failure(&json!({"content": [], "isError": true})));
}

//! Lines that are no messages.

use serde_json::{Value, json};

use super::world::{World, request};

fn answer_to(line: &[u8]) -> Option<Value> {
    answer_in(World::new(), line)
}

fn answer_in(mut world: World, line: &[u8]) -> Option<Value> {
    world.line(line);
    assert!(world.events().is_empty());
    let mut lines = world.lines();
    assert!(lines.len() <= 1);
    lines.pop()
}

#[test]
fn noise_is_ignored() {
    for line in [
        &b""[..],
        b" \t\r",
        b"\xef\xbb\xbf",
        b"npm warn deprecated",
        b"42",
        b"\"x\"",
        b"null",
        b"\0{}",
        b"\xff\xfe",
    ] {
        assert_eq!(answer_to(line), None);
    }
}

#[test]
fn what_stands_around_a_message_is_tolerated() {
    for (before, after) in [("\u{feff}", "\r"), ("  \t", " "), ("\u{feff} ", "\r\r")] {
        let line = format!("{before}{}{after}", request(&json!(3), "ping", &json!({})));
        assert_eq!(answer_to(line.as_bytes()).unwrap()["result"], json!({}));
    }
}

#[test]
fn broken_json_is_answered_under_its_id_where_that_can_be_told() {
    for (line, id) in [
        (&br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"#[..], json!(5)),
        (br#"{"jsonrpc":"2.0","method":"x","params":{"a":[1,,],"s":"}\""},"id":"z"}"#, json!("z")),
        (br#"{"id":5} trailing"#, json!(5)),
        (br#"{"id":"a\u00e4","x":tru"#, json!("aä")),
        (b"{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"ping\",\"params\":{\"x\":\"\xff\"}}", json!(6)),
        (b"{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"ping\",\"params\":\"\x01\"}", json!(6)),
        (br#"{"id":7,"#, json!(7)),
        (br#"{"id":7"#, Value::Null),
        (br#"{"id":{},"method":"ping""#, Value::Null),
        (br#"{"id":01,"method":"ping"}"#, Value::Null),
        (br#"{"params":{"id":8},"method":"#, Value::Null),
        (b"{", Value::Null),
        (b"[{\"id\":1}", Value::Null),
        (b"{\"id\":\"\xff\",", Value::Null),
    ] {
        let answer = answer_to(line).unwrap();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&id, &json!(-32700)),
            "{}",
            String::from_utf8_lossy(line)
        );
    }
}

#[test]
fn json_of_the_wrong_shape_is_answered_under_its_id() {
    for (message, id) in [
        (json!({"jsonrpc": "2.0", "id": 1}), json!(1)),
        (json!({"jsonrpc": "2.0", "id": 1, "method": 5}), json!(1)),
        (json!({"id": 1, "method": "ping"}), json!(1)),
        (json!({"jsonrpc": "1.0", "id": "x", "method": "ping"}), json!("x")),
        (json!({"jsonrpc": "2.0", "id": null, "method": "ping"}), Value::Null),
        (json!({"jsonrpc": "2.0", "id": [1], "method": "ping"}), Value::Null),
        (json!({"jsonrpc": "2.0", "id": "x".repeat(5000), "method": "ping"}), Value::Null),
        (json!({}), Value::Null),
    ] {
        let answer = answer_to(message.to_string().as_bytes()).unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(-32600)), "{message}");
    }
}

#[test]
fn an_error_without_id_takes_the_form_of_its_revision() {
    for (revision, null) in
        [("2024-11-05", true), ("2025-03-26", true), ("2025-06-18", true), ("2025-11-25", false)]
    {
        let mut world = World::opened(revision);
        world.line(b"{");
        assert_eq!(world.texts()[0].contains("\"id\":null"), null);
    }
}

#[test]
fn depth_numbers_and_surrogates_do_no_harm() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for params in [deep.as_str(), "{\"\\ud800\":1e999999}", "{\"a\":\"\\udfff\"}", "123456789e123456789"] {
        let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{params}}}");
        // The listener's own parser would refuse these.
        assert_eq!(answer_in(World::unchecked(), line.as_bytes()).unwrap()["result"], json!({}));
    }
    assert_eq!(answer_to("{\"a\":".repeat(100_000).as_bytes()).unwrap()["error"]["code"], -32700);
}

#[test]
fn an_overlong_line_is_answered_from_its_head() {
    let mut world = World::new();
    world.engine.handle_overlong(
        world.now,
        br#"{"jsonrpc":"2.0","id":"big","method":"tools/call","params":{"name":"ch"#,
        17 << 20,
    );
    let answer = world.only();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("big"), &json!(-32600)));
    assert!(answer["error"]["message"].as_str().unwrap().contains("17825792"));
    world.engine.handle_overlong(world.now, br#"{"method":"tools/call","params":{"name":"ch"#, 17 << 20);
    assert_eq!(world.only()["id"], Value::Null);
    world.engine.handle_overlong(world.now, b"noise", 17 << 20);
    assert!(world.lines().is_empty());
}

#[test]
fn a_line_handed_in_whole_is_held_to_the_limit_too() {
    let mut world = World::unchecked();
    let mut line = br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":""#.to_vec();
    line.resize(crate::LINE_IN_BYTES_MAX - 3, b'x');
    line.extend(b"\"}}");
    world.line(&line);
    assert_eq!(world.only()["result"], json!({}));
    line.insert(line.len() - 3, b'x');
    world.line(&line);
    assert_eq!(world.only()["error"]["code"], -32600);
}

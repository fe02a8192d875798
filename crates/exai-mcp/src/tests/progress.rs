//! Progress notifications.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{World, modern, request};
use crate::Token;

fn call_with(token: &Value) -> Value {
    request(&json!(1), "tools/call", &json!({"name": "x", "_meta": {"progressToken": token}}))
}

fn values(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["params"]["progress"].as_u64().unwrap()).collect()
}

#[test]
fn it_comes_every_five_seconds_from_the_fifth_on_and_ends_with_the_answer() {
    for wrap in [|message| message, modern] {
        let mut world = World::new();
        let key = world.call(&wrap(call_with(&json!("t\"1")))).key;
        world.pass(Duration::from_millis(4999));
        assert!(world.lines().is_empty());
        world.pass(Duration::from_millis(15_001));
        let lines = world.lines();
        assert_eq!(values(&lines), [5, 10, 15, 20]);
        assert!(lines.iter().all(|line| line["params"]["progressToken"] == "t\"1"));
        world.answer_text(key, "x");
        world.pass(Duration::from_secs(60));
        assert_eq!(world.lines().len(), 1);
    }
}

#[test]
fn the_token_comes_back_byte_for_byte() {
    for token in ["7", "123456789012345678901234567890", "\"\\u0041\"", "1.0"] {
        let mut world = World::unchecked();
        world.line(format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"x\",\"_meta\":{{\"progressToken\":{token}}}}}}}").as_bytes());
        assert_eq!(world.calls()[0].token, Token::Given);
        world.pass(Duration::from_secs(5));
        assert!(world.texts()[0].contains(&format!("\"progressToken\":{token},\"progress\":5}}")));
    }
}

#[test]
fn without_a_token_that_the_protocol_knows_there_is_none() {
    for token in [json!(null), json!(true), json!({}), json!([1]), json!("x".repeat(5000))] {
        let mut world = World::new();
        assert_eq!(world.call(&call_with(&token)).token, Token::Absent);
        assert_eq!(world.engine.poll_timeout(), None);
    }
}

#[test]
fn it_says_the_newest_note_shortened() {
    let mut world = World::new();
    let key = world.call(&call_with(&json!(1))).key;
    world.engine.note(world.now, key, "old");
    world.engine.note(world.now, key, &"ä".repeat(500));
    world.pass(Duration::from_secs(5));
    assert_eq!(world.only()["params"]["message"], format!("{}…", "ä".repeat(119)));
}

#[test]
fn the_oldest_revision_has_no_text() {
    let mut world = World::opened("2024-11-05");
    let key = world.call(&call_with(&json!(1))).key;
    world.engine.note(world.now, key, "note");
    world.pass(Duration::from_secs(5));
    assert_eq!(world.only()["params"], json!({"progressToken": 1, "progress": 5}));
}

#[test]
fn values_rise_however_late_or_early_the_timer_is() {
    let mut world = World::new();
    world.call(&call_with(&json!(1)));
    let start = world.now;
    for seconds in [5.0, 5.1, 13.9, 15.0, 100.2, 100.2, 105.2, 50.0, 110.3] {
        world.engine.handle_timeout(start + Duration::from_secs_f64(seconds));
    }
    let values = values(&world.lines());
    assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
    assert_eq!(values, [5, 13, 15, 100, 105, 110]);
}

#[test]
fn a_token_that_an_open_call_holds_serves_that_call_alone() {
    let mut world = World::new();
    let first = world.call(&call_with(&json!("t"))).key;
    let second = world.call(&call_with(&json!("t")));
    assert_eq!(second.token, Token::Absent);
    world.pass(Duration::from_secs(5));
    assert_eq!(values(&world.lines()), [5]);
    world.answer_text(first, "x");
    world.pass(Duration::from_secs(20));
    assert_eq!(world.lines().len(), 1);
    assert_eq!(world.call(&call_with(&json!("t"))).token, Token::Given);
}

#[test]
fn of_two_tokens_the_last_counts() {
    let mut world = World::unchecked();
    world.line(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"progressToken":1,"progressToken":"b"}}}"#);
    world.pass(Duration::from_secs(5));
    assert_eq!(world.only()["params"]["progressToken"], "b");
}

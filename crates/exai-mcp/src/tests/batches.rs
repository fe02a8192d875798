//! Arrays of messages.

use serde_json::{Value, json};

use super::world::{World, cancelled, initialize, modern, request, tool_call};
use crate::Output;

const BATCHES: &str = "2025-03-26";

fn ping(id: i64) -> Value {
    request(&json!(id), "ping", &json!({}))
}

#[test]
fn one_array_answers_when_the_last_answer_is_there() {
    let mut world = World::opened(BATCHES);
    world.say(&json!([
        ping(1),
        tool_call(&json!("a")),
        request(&json!(2), "nope", &json!({})),
        tool_call(&json!("b"))
    ]));
    let keys: Vec<_> = world.calls().iter().map(|call| call.key).collect();
    assert!(world.lines().is_empty());
    world.answer_text(keys[1], "b");
    assert!(world.lines().is_empty());
    world.answer_text(keys[0], "a");
    let Output { line, answers } = world.outputs().remove(0);
    assert_eq!(answers, [keys[1], keys[0]]);
    let ids: Vec<Value> = serde_json::from_slice::<Vec<Value>>(&line)
        .unwrap()
        .iter()
        .map(|answer| answer["id"].clone())
        .collect();
    assert_eq!(ids, [json!(1), json!(2), json!("b"), json!("a")]);
}

#[test]
fn a_cancelled_element_is_left_out() {
    let mut world = World::opened(BATCHES);
    world.say(&json!([ping(1), tool_call(&json!("a"))]));
    world.say(&cancelled(&json!("a")));
    let answers = world.only();
    assert_eq!((answers.as_array().unwrap().len(), &answers[0]["id"]), (1, &json!(1)));
    world.say(&json!([tool_call(&json!("b"))]));
    world.say(&cancelled(&json!("b")));
    assert!(world.lines().is_empty());
}

#[test]
fn notifications_alone_are_not_answered() {
    let mut world = World::opened(BATCHES);
    world.say(&json!([cancelled(&json!(1)), {"jsonrpc": "2.0", "method": "notifications/x"}, {"jsonrpc": "2.0", "id": 5, "result": {}}]));
    assert!(world.lines().is_empty());
}

#[test]
fn empty_and_oversized_batches_are_refused() {
    for size in [0, crate::BATCH_MESSAGES_MAX + 1] {
        let mut world = World::opened(BATCHES);
        let answer = world.ask(&Value::Array(vec![ping(1); size]));
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!(-32600)));
    }
}

#[test]
fn elements_that_are_no_messages_get_an_error_each() {
    let mut world = World::opened(BATCHES);
    let answers = world.ask(&json!([1, {"id": 4}, ping(5)]));
    assert_eq!(answers[0]["error"]["code"], -32600);
    assert_eq!((&answers[1]["id"], &answers[1]["error"]["code"]), (&json!(4), &json!(-32600)));
    assert_eq!(answers[2]["id"], 5);
}

#[test]
fn revisions_without_arrays_answer_a_line_each() {
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let mut world = World::opened(revision);
        world.say(&json!([ping(1), tool_call(&json!("a")), ping(2)]));
        assert_eq!(world.lines().len(), 2);
        let key = world.calls()[0].key;
        world.answer_text(key, "x");
        assert_eq!(world.only()["id"], "a");
    }
    let mut world = World::new();
    world.say(&json!([initialize("2025-11-25"), modern(tool_call(&json!("m")))]));
    assert_eq!((world.lines().len(), world.calls().len()), (1, 1));
}

#[test]
fn modern_elements_are_answered_as_lines_even_among_others() {
    let mut world = World::opened(BATCHES);
    world.say(&json!([ping(1), modern(request(&json!(2), "tools/list", &json!({})))]));
    let lines = world.lines();
    assert_eq!((&lines[0]["id"], &lines[1][0]["id"]), (&json!(2), &json!(1)));
}

#[test]
fn answers_that_fill_a_line_go_out_as_several_arrays() {
    let mut world = World::opened(BATCHES);
    world.conversation = None;
    world.say(&json!([tool_call(&json!(1)), tool_call(&json!(2)), tool_call(&json!(3))]));
    let text = "x".repeat(5 << 20);
    for call in world.calls() {
        world.answer_text(call.key, &text);
    }
    let ids: Vec<Value> = world.lines().iter().map(|line| line[0]["id"].clone()).collect();
    assert_eq!(ids, [json!(1), json!(2), json!(3)]);
}

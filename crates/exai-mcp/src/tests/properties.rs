//! What holds for any input.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::World;

/// Any JSON, at most a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(field(), inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

/// Names that the engine looks for, and others.
fn field() -> impl Strategy<Value = String> {
    let known = [
        "_meta",
        "name",
        "arguments",
        "progressToken",
        "requestId",
        "notifications",
        "cursor",
        "protocolVersion",
        "clientInfo",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientCapabilities",
    ];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(String::from), ".{0,6}"]
}

fn method() -> impl Strategy<Value = String> {
    let known = [
        "initialize",
        "server/discover",
        "ping",
        "tools/list",
        "tools/call",
        "subscriptions/listen",
        "prompts/list",
        "notifications/cancelled",
        "notifications/initialized",
    ];
    prop_oneof![3 => prop::sample::select(known.to_vec()).prop_map(String::from), 1 => ".{0,20}"]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i128>().prop_map(|id| id.to_string()),
        any::<f64>()
            .prop_filter("JSON has finite numbers", |id| id.is_finite())
            .prop_map(|id| format!("{id:e}")),
        ".{0,30}".prop_map(|id| json!(id).to_string()),
    ]
}

fn drain(world: &mut World) {
    for call in world.calls() {
        world.answer_text(call.key, "x");
    }
    world.pass(Duration::from_secs(7));
    world.engine.close();
}

proptest! {
    #[test]
    fn bytes_never_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut world = World::unchecked();
        world.line(&line);
        let mut wrapped = b"{\"id\":1,".to_vec();
        wrapped.extend(&line);
        world.line(&wrapped);
        world.engine.handle_overlong(world.now, &wrapped, 1 << 30);
        drain(&mut world);
        world.lines();
    }

    #[test]
    fn cut_messages_never_panic(method in method(), params in any_json(), keep in 0.0..1.0) {
        let mut world = World::unchecked();
        let line = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let keep = (line.len() as f64 * keep) as usize;
        world.line(&line.as_bytes()[..keep]);
        drain(&mut world);
        world.lines();
    }

    #[test]
    fn a_request_gets_one_answer_under_its_id(id in id(), method in method(), params in any_json()) {
        let mut world = World::unchecked();
        world.line(format!("{{\"jsonrpc\":\"2.0\",\"method\":{},\"params\":{params},\"id\":{id}}}", json!(method)).as_bytes());
        drain(&mut world);
        let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},");
        let answers = world.texts().iter().filter(|line| line.starts_with(&head)).count();
        prop_assert_eq!(answers, 1);
    }

    #[test]
    fn a_batch_answers_each_of_its_requests_once(methods in prop::collection::vec(method(), 1..8), params in any_json()) {
        let mut world = World::opened("2025-03-26");
        world.conversation = None;
        let messages: Vec<Value> = methods
            .iter()
            .enumerate()
            .map(|(id, method)| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .collect();
        world.say(&json!(messages));
        drain(&mut world);
        let answered = |line: &Value| match line {
            Value::Array(answers) => answers.clone(),
            _ => vec![line.clone()],
        };
        let mut ids: Vec<u64> =
            world.lines().iter().flat_map(answered).filter_map(|answer| answer["id"].as_u64()).collect();
        ids.sort_unstable();
        prop_assert_eq!(ids, (0..methods.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_cut_behind_its_id_is_refused_under_it(id in id(), params in any_json(), keep in 0.0..1.0) {
        let mut world = World::unchecked();
        let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},");
        let rest = format!("\"method\":\"tools/call\",\"params\":{params}");
        let keep = (rest.len() as f64 * keep) as usize;
        world.line(&[head.as_bytes(), &rest.as_bytes()[..keep]].concat());
        let answer = world.texts().remove(0);
        prop_assert!(answer.starts_with(&head) && answer.contains("-32700"), "{answer}");
    }

    #[test]
    fn a_notification_gets_none(method in method(), params in any_json()) {
        let mut world = World::unchecked();
        world.say(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
        drain(&mut world);
        prop_assert!(world.outputs().is_empty());
    }

    #[test]
    fn params_reach_the_driver_unharmed(extra in any_json()) {
        let mut world = World::unchecked();
        let params = json!({"name": "t", "extra": extra});
        let calls = { world.say(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})); world.calls() };
        prop_assert_eq!(calls[0].params.get(), params.to_string());
    }

    #[test]
    fn any_result_fits_the_schema_of_its_call(content in prop::collection::vec(".{0,40}", 0..4), extra in any_json()) {
        let mut world = World::new();
        let key = world.call(&super::world::modern(super::world::tool_call(&json!(1)))).key;
        let blocks: Vec<Value> = content.iter().map(|text| json!({"type": "text", "text": text})).collect();
        world.answer(key, &json!({"content": blocks, "extra": extra, "_meta": {"k": extra}}));
        prop_assert_eq!(world.only()["result"]["content"].clone(), json!(blocks));
    }
}

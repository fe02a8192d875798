//! Calls from request to answer.

use serde_json::{Value, json};

use super::world::{World, cancelled, modern, raw, request, tool_call};
use crate::{Answer, CallKey, Event, Output, Token};

#[test]
fn ids_come_back_byte_for_byte() {
    for id in [
        "1",
        "0",
        "-7",
        "123456789012345678901234567890",
        "1.50",
        "1e3",
        "\"a\"",
        "\"\\u00e4\\/\"",
        "\"\"",
        "\"\\ud800\"",
    ] {
        let mut world = World::unchecked();
        world.line(
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"x\"}}}}"
            )
            .as_bytes(),
        );
        let key = world.calls()[0].key;
        world.answer_text(key, "hi");
        assert_eq!(
            world.texts(),
            [format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[{{\"text\":\"hi\",\"type\":\"text\"}}]}}}}"
            )]
        );
        world.line(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"nope\"}}").as_bytes());
        assert!(world.texts()[0].starts_with(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":")));
    }
}

#[test]
fn params_go_out_as_they_came() {
    let params =
        r#"{ "name":"chat" ,"name":"chat2","x":1e400,"deep":[[[{}]]],"s":"\ud800","arguments":{"a" : 1}}"#;
    let mut world = World::unchecked();
    world.line(
        format!("{{\"method\":\"tools/call\",\"params\":{params},\"id\":1,\"jsonrpc\":\"2.0\",\"extra\":0}}")
            .as_bytes(),
    );
    let call = world.calls().remove(0);
    assert_eq!(call.params.get(), params);
    assert_eq!((call.method.as_str(), call.tool.as_deref()), ("tools/call", Some("chat2")));
}

#[test]
fn many_calls_are_answered_out_of_order_once_each() {
    let mut world = World::opened("2025-11-25");
    let keys: Vec<CallKey> = (0..5).map(|id| world.call(&tool_call(&json!(id))).key).collect();
    for key in keys.iter().rev().chain(&keys) {
        world.answer_text(*key, "done");
    }
    let outputs = world.outputs();
    assert_eq!(
        outputs.iter().map(|out| out.answers.clone()).collect::<Vec<_>>(),
        [[keys[4]], [keys[3]], [keys[2]], [keys[1]], [keys[0]]]
    );
    let ids: Vec<i64> = outputs
        .iter()
        .map(|out| serde_json::from_slice::<Value>(&out.line).unwrap()["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [4, 3, 2, 1, 0]);
}

#[test]
fn nothing_is_written_for_a_cancelled_call() {
    for wrap in [|message| message, modern] {
        let mut world = World::new();
        let mut message = tool_call(&json!("c"));
        message["params"]["_meta"] = json!({"progressToken": "t"});
        let key = world.call(&wrap(message)).key;
        world.now += std::time::Duration::from_secs(5);
        world.engine.handle_timeout(world.now);
        world.say(&cancelled(&json!("c")));
        assert!(
            matches!(&world.events()[..], [Event::Cancelled { key: of, reason: Some(reason) }] if *of == key && reason == "user")
        );
        world.answer_text(key, "late");
        world.engine.note(world.now, key, "late");
        world.pass(std::time::Duration::from_secs(60));
        assert!(world.outputs().is_empty());
        assert_eq!(world.engine.poll_timeout(), None);
    }
}

#[test]
fn cancelling_what_is_finished_is_ignored_even_if_the_id_was_used_before() {
    let mut world = World::opened("2025-11-25");
    let first = world.call(&tool_call(&json!(1))).key;
    world.answer_text(first, "one");
    world.say(&cancelled(&json!(1)));
    assert!(world.events().is_empty());
    let second = world.call(&tool_call(&json!(1))).key;
    assert_ne!(first, second);
    world.say(&cancelled(&json!("1")));
    assert!(world.events().is_empty(), "a string is not a number");
    world.answer_text(second, "two");
    assert_eq!(world.lines().len(), 2);
}

#[test]
fn an_id_used_twice_is_answered_twice_and_cancelled_for_both() {
    let mut world = World::new();
    let keys = [world.call(&tool_call(&json!(9))).key, world.call(&tool_call(&json!(9))).key];
    for key in keys {
        world.answer_text(key, "x");
    }
    assert_eq!(world.lines().len(), 2);
    world.call(&tool_call(&json!(9)));
    world.call(&tool_call(&json!(9)));
    world.say(&cancelled(&json!(9)));
    assert_eq!(world.events().len(), 2);
}

#[test]
fn a_cancel_may_spell_the_id_otherwise() {
    let mut world = World::new();
    world.line(br#"{"jsonrpc":"2.0","id":"a\u002fb","method":"tools/call","params":{"name":"x"}}"#);
    world.calls();
    world.say(&cancelled(&json!("a/b")));
    assert_eq!(world.events().len(), 1);
}

#[test]
fn errors_of_the_driver_keep_code_and_data() {
    let mut world = World::new();
    let key = world.call(&tool_call(&json!(1))).key;
    let data = Some(raw(&json!({"tool": "x"})));
    world.engine.answer(world.now, key, Answer::Error { code: -32602, message: "no \"x\"".into(), data });
    assert_eq!(world.only()["error"], json!({"code": -32602, "message": "no \"x\"", "data": {"tool": "x"}}));
}

#[test]
fn malformed_calls_are_refused_with_their_id() {
    for params in [
        json!([]),
        json!("x"),
        json!({}),
        json!({"name": 1}),
        json!({"name": "x", "arguments": [1]}),
        json!({"name": "x", "arguments": "y"}),
    ] {
        let mut world = World::new();
        let answer = world.ask(&request(&json!("i"), "tools/call", &params));
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("i"), &json!(-32602)));
        assert!(world.events().is_empty());
    }
    let mut world = World::new();
    world.call(&request(&json!("i"), "tools/call", &json!({"name": "x", "arguments": null, "_meta": 3})));
}

#[test]
fn open_calls_are_bounded() {
    let mut world = World::unchecked();
    for id in 0..crate::OPEN_CALLS_MAX {
        world.say(&tool_call(&json!(id)));
    }
    assert_eq!(world.calls().len(), crate::OPEN_CALLS_MAX);
    let declined = world.ask(&tool_call(&json!("more")));
    assert_eq!(declined["result"]["isError"], true);
    assert!(declined["result"].get("resultType").is_none());
    assert_eq!(world.ask(&modern(tool_call(&json!("more"))))["result"]["resultType"], "complete");
    world.answer_text(CallKey(1), "x");
    world.lines();
    world.call(&tool_call(&json!("more")));
}

#[test]
fn trace_context_and_token_are_read_from_meta() {
    let mut world = World::new();
    let call = world.call(&request(
        &json!(1),
        "tools/call",
        &json!({"name": "x", "_meta": {"traceparent": "00-ab-cd-01", "baggage": "k=v", "tracestate": 5, "progressToken": 1}}),
    ));
    assert_eq!(call.trace.unwrap().get(), r#"{"traceparent":"00-ab-cd-01","baggage":"k=v"}"#);
    assert_eq!(call.token, Token::Given);
    let call = world.call(&tool_call(&json!(2)));
    assert!(call.trace.is_none() && call.token == Token::Absent);
}

#[test]
fn json_laid_out_over_lines_goes_out_on_one() {
    let mut world = World::new();
    let key = world.call(&tool_call(&json!(1))).key;
    let result = serde_json::value::RawValue::from_string("{\n\"content\"\r\n:[\n]}".into()).unwrap();
    world.engine.answer(world.now, key, Answer::Result(result));
    let Output { line, answers } = world.outputs().remove(0);
    assert_eq!((line.contains(&b'\n'), line.contains(&b'\r'), answers), (false, false, vec![key]));
}

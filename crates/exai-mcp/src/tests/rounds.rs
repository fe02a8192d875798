//! Calls that hosts from 2026-07-28 are asked to bring again (`input_required`).

use serde_json::json;

use super::world::{World, modern, tool_call};
use crate::{Answer, Tasks};

fn asked_again(world: &mut World, id: &str) {
    let key = world.call(&modern(tool_call(&json!(id)))).key;
    world.engine.answer(world.now, key, Answer::InputRequired { request_state: "st\"ate".into() });
}

/// A round, for the test of all kinds of lines.
pub(super) fn converse(world: &mut World) {
    asked_again(world, "round");
    world.lines();
}

#[test]
fn the_host_is_asked_to_come_back_with_a_state() {
    let mut world = World::new();
    asked_again(&mut world, "a");
    let answer = world.only();
    assert_eq!(answer["id"], "a");
    assert_eq!(
        answer["result"],
        json!({
            "resultType": "input_required",
            "requestState": "st\"ate",
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "exai", "version": "0.1.0"}}
        })
    );
}

#[test]
fn a_host_of_an_older_revision_never_sees_such_an_answer() {
    let mut world = World::opened("2025-11-25");
    let key = world.call(&tool_call(&json!(1))).key;
    world.engine.answer(world.now, key, Answer::InputRequired { request_state: "s".into() });
    assert_eq!(world.only()["error"]["code"], -32603);
}

#[test]
fn the_state_comes_back_beside_the_params_that_the_call_had() {
    let mut world = World::new();
    let first = world.call(&modern(tool_call(&json!(1))));
    assert_eq!((first.request_state, first.tasks), (None, Tasks::Undeclared));

    let mut again = modern(tool_call(&json!(2)));
    again["params"]["requestState"] = json!("st\"ate");
    again["params"]["inputResponses"] = json!({"never asked": {"action": "accept"}});
    let again = world.call(&again);
    assert_eq!(again.request_state.as_deref(), Some("st\"ate"));
    assert_eq!(again.params.get(), first.params.get(), "byte for byte");
}

#[test]
fn params_of_the_call_keep_their_bytes_when_the_state_is_taken_out() {
    let meta = &modern(tool_call(&json!(1)))["params"]["_meta"];
    let mut world = World::unchecked();
    world.line(
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"requestState\":\"s\",\
             \"x\":1e400,\"arguments\":{{\"a\" : \"\\ud800\"}},\"name\":\"n\",\"_meta\":{meta}}}}}"
        )
        .as_bytes(),
    );
    let call = world.calls().remove(0);
    assert_eq!(
        call.params.get(),
        format!("{{\"x\":1e400,\"arguments\":{{\"a\" : \"\\ud800\"}},\"name\":\"n\",\"_meta\":{meta}}}")
    );
}

#[test]
fn a_state_that_is_no_string_is_refused_and_an_older_revision_knows_none() {
    let mut world = World::new();
    let mut message = modern(tool_call(&json!(1)));
    message["params"]["requestState"] = json!(5);
    assert_eq!(world.ask(&message)["error"]["code"], -32602);

    let mut world = World::opened("2025-11-25");
    let mut message = tool_call(&json!(1));
    message["params"]["requestState"] = json!("s");
    let call = world.call(&message);
    assert_eq!(call.request_state, None);
    assert!(call.params.get().contains("requestState"), "an unknown field of these revisions");
}

//! Arrays of messages, which one revision has.

use exai_sim::host::{Host, Pending, Revision};
use exai_sim::process::HANG;
use exai_sim::provider::answer_to;
use serde_json::{Value, json};

use crate::world::{World, ask, check, installation};

fn batch(host: &Host, messages: &Value) -> Vec<Pending> {
    let at = host.now();
    host.send_raw(messages.to_string().as_bytes()).unwrap();
    let ids = messages.as_array().unwrap().iter().filter_map(|message| message.get("id"));
    ids.map(|id| Pending { id: id.clone(), token: None, at }).collect()
}

fn message(id: &Value, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[test]
fn a_batch_is_answered_by_one_array_with_each_answer_once() {
    let world = World::new();
    let host = world.greeted(Revision::V2025_03_26);
    let chat = |prompt: &str| json!({"name": "chat", "arguments": {"prompt": prompt}});
    let pending = batch(
        &host,
        &json!([
            message(&json!("a"), "ping", &json!({})),
            message(&json!("b"), "tools/call", &chat("one")),
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "nobody"}},
            message(&json!("c"), "tools/call", &chat("two")),
            message(&json!(4000), "tools/list", &json!({})),
            message(&json!("e"), "no/such", &json!({})),
        ]),
    );
    let answers: Vec<_> = pending.iter().map(|pending| host.wait(pending, HANG).unwrap()).collect();
    assert_eq!(answers[0].result().unwrap(), &json!({}));
    assert!(answers[1].text().unwrap().starts_with(&answer_to("one", 3)));
    assert!(answers[2].text().unwrap().starts_with(&answer_to("two", 3)));
    assert!(answers[3].result().unwrap()["tools"].is_array());
    assert_eq!(answers[4].error_code(), Some(-32601));
    let array: Value = serde_json::from_str(&answers[0].line).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 5, "one array, without an answer to the notification");
    assert!(answers.iter().all(|answer| answer.line == answers[0].line));
    check(&host);
}

#[test]
fn a_batch_without_requests_is_not_answered_and_an_empty_one_is_an_error() {
    let exai = installation();
    let host = exai.host().unwrap();
    host.initialize(Revision::V2025_03_26).unwrap();
    let before = host.transcript().received().count();
    batch(&host, &json!([{"jsonrpc": "2.0", "method": "notifications/whatever"}]));
    ask(&host, "ping", Value::Null);
    assert_eq!(host.transcript().received().count(), before + 1);
    batch(&host, &json!([]));
    ask(&host, "ping", Value::Null);
    let transcript = host.transcript();
    let error = transcript.received().nth(before + 1).unwrap();
    assert_eq!(error.json.as_ref().unwrap()["error"]["code"], -32600, "{}", error.text);
    crate::world::check_schemas(&transcript);
}

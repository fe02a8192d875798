//! Every kind of line that the engine emits, held against the schema of its revision. (The other tests hold their
//! lines against it as well; this one makes sure that no kind is missing.)

use std::collections::BTreeSet;
use std::time::Duration;

use exai_sim::schema::Schemas;
use serde_json::{Value, json};

use super::world::{World, modern, raw, request, tool_call, tools};
use crate::Answer;

const LISTS: [&str; 4] = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];

/// Everything that an engine of that revision can be made to say.
fn converse(world: &mut World, wrap: fn(Value) -> Value) {
    for method in LISTS {
        world.ask(&wrap(request(&json!(method), method, &json!({}))));
    }
    world.ask(&wrap(request(&json!("no"), "no/such", &json!({}))));
    world.line(b"{\"broken");
    let result = json!({"content": [
        {"type": "text", "text": "t", "annotations": {"audience": ["user"]}, "_meta": {}},
        {"type": "image", "data": "AA==", "mimeType": "image/png"},
        {"type": "audio", "data": "AA==", "mimeType": "audio/wav"},
        {"type": "resource_link", "name": "n", "uri": "file:///n", "icons": [{"src": "file:///i"}]},
        {"type": "resource", "resource": {"uri": "file:///r", "text": "t", "_meta": {}}}
    ], "structuredContent": {"a": 1}, "isError": true, "resultType": "complete", "_meta": {"dev.exai/x": 1}});
    let mut message = tool_call(&json!("call"));
    message["params"]["_meta"]["progressToken"] = json!("token");
    let key = world.call(&wrap(message)).key;
    world.engine.note(world.now, key, "halfway");
    world.pass(Duration::from_secs(5));
    world.answer(key, &result);
    let key = world.call(&wrap(tool_call(&json!("fails")))).key;
    world.engine.answer(
        world.now,
        key,
        Answer::Error { code: -32602, message: "m".into(), data: Some(raw(&json!(1))) },
    );
    let key = world.call(&wrap(tool_call(&json!("long")))).key;
    world.answer_text(key, &"ä".repeat(5 << 20));
    world.lines();
}

#[test]
fn every_kind_of_line_is_valid_in_its_revision() {
    if Schemas::at_hand().unwrap().is_none() {
        return;
    }
    let mut checked = BTreeSet::new();
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut world = World::opened(revision);
        world.ask(&request(&json!(1), "ping", &json!({})));
        converse(&mut world, |message| message);
        world.engine.set_tools(raw(&json!([])));
        world.lines();
        checked.extend(world.conversation.unwrap().checked().iter().cloned());
        for kind in [
            "InitializeResult",
            "EmptyResult",
            "ProgressNotification",
            "CallToolResult",
            "ToolListChangedNotification",
            "ListToolsResult",
        ] {
            assert!(checked.contains(&format!("{kind}@{revision}")), "{kind} of {revision} was not said");
        }
    }
    let mut world = World::new();
    world.engine.set_tools(raw(&tools_of_any_schema()));
    converse(&mut world, modern);
    world.ask(&modern(request(&json!(1), "server/discover", &json!({}))));
    world.ask(&modern(request(
        &json!(2),
        "subscriptions/listen",
        &json!({"notifications": {"toolsListChanged": true}}),
    )));
    world.engine.set_tools(raw(&json!([])));
    world.lines();
    super::tasks::converse(&mut world);
    super::rounds::converse(&mut world);
    world.engine.close();
    let mut unknown = modern(request(&json!(3), "tools/list", &json!({})));
    unknown["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("1900-01-01");
    world.say(&unknown);
    world.lines();
    let checked = world.conversation.unwrap();
    for kind in [
        "DiscoverResult",
        "ListToolsResult",
        "ListPromptsResult",
        "ListResourcesResult",
        "ListResourceTemplatesResult",
        "CallToolResult",
        "ProgressNotification",
        "SubscriptionsAcknowledgedNotification",
        "ToolListChangedNotification",
        "SubscriptionsListenResult",
        "UnsupportedProtocolVersionError",
        "JSONRPCErrorResponse",
        "InputRequiredResult",
        "MissingRequiredClientCapabilityError",
        "CreateTaskResult",
        "GetTaskResult",
        "TaskStatusNotification",
        "EmptyResult",
    ] {
        assert!(checked.checked().contains(&format!("{kind}@2026-07-28")), "{kind} was not said");
    }
}

fn tools_of_any_schema() -> Value {
    let mut tools = tools();
    tools[0]["outputSchema"] = json!({"type": "array"});
    tools
}

#[test]
fn batches_are_valid_where_they_exist() {
    let mut world = World::opened("2025-03-26");
    world.say(&json!([
        request(&json!(1), "ping", &json!({})),
        request(&json!(2), "tools/list", &json!({})),
        request(&json!(3), "no", &json!({}))
    ]));
    assert_eq!(world.only().as_array().unwrap().len(), 3);
}

/// The protocol's own example requests, each answered, or made a call, in the modern era.
#[test]
fn the_official_examples_are_served() {
    let Some(schemas) = Schemas::at_hand().unwrap() else { return };
    let mut seen = 0;
    for folder in std::fs::read_dir(schemas.directory().join("2026-07-28/examples")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let message: Value = serde_json::from_str(&text).unwrap();
            let (Some(method), Some(id), true) =
                (message["method"].as_str(), message.get("id"), message["jsonrpc"] == "2.0")
            else {
                continue;
            };
            seen += 1;
            let mut world = World::new();
            world.line(text.replace(['\n', '\r'], " ").as_bytes());
            let calls = world.calls();
            calls.iter().for_each(|call| world.answer_text(call.key, "x"));
            let answer = world.only();
            match method {
                "tools/call" => {
                    assert_eq!(calls[0].revision.name(), "2026-07-28");
                    assert_eq!(answer["result"]["resultType"], "complete");
                }
                "subscriptions/listen" => assert!(answer["params"]["notifications"].is_object()),
                "server/discover" => assert_eq!(answer["result"]["resultType"], "complete"),
                // The examples turn pages; ours are never handed out.
                listed if LISTS.contains(&listed) => assert_eq!(&answer["id"], id),
                _ => assert_eq!(answer["error"]["code"], -32601, "{method}"),
            }
        }
    }
    assert!(seen >= 8, "{seen} examples");
}

//! Hosts from 2026-07-28.

use serde_json::{Value, json};

use super::world::{World, cancelled, initialize, modern, raw, request, tool_call};
use crate::{Era, Event, Revision};

const SERVER: &str = "io.modelcontextprotocol/serverInfo";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn listen(id: &Value, filter: &Value) -> Value {
    modern(request(id, "subscriptions/listen", &json!({"notifications": filter})))
}

#[test]
fn discover_offers_all_revisions() {
    let mut world = World::new();
    let answer = world.ask(&modern(request(&json!("d1"), "server/discover", &json!({}))));
    assert_eq!(
        answer["result"],
        json!({
            "resultType": "complete",
            "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
            "capabilities": {
                "tools": {"listChanged": true}, "extensions": {"io.modelcontextprotocol/tasks": {}}
            },
            "instructions": "Ask \"it\".",
            "ttlMs": 0, "cacheScope": "private",
            "_meta": {SERVER: {"name": "exai", "version": "0.1.0"}}
        })
    );
    assert!(matches!(&world.events()[..], [Event::HostKnown(host)] if host.name == "m"));
}

#[test]
fn the_first_request_but_discover_is_a_handshake() {
    let mut world = World::new();
    world.ask(&modern(request(&json!(1), "tools/list", &json!({}))));
    assert!(matches!(&world.events()[..], [Event::HostKnown(_), Event::HandshakeDone]));
    world.say(&modern(tool_call(&json!(2))));
    let events = world.events();
    assert!(
        matches!(&events[..], [Event::Call(call)] if (call.era, call.revision) == (Era::Modern, Revision::V2026_07_28))
    );
}

#[test]
fn versions_that_are_not_served_this_way_are_refused_with_those_that_are() {
    for requested in ["1900-01-01", "2025-11-25", "2027-01-01"] {
        let mut message = modern(request(&json!(1), "server/discover", &json!({})));
        message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(requested);
        let error = World::new().ask(&message)["error"].clone();
        assert_eq!(error["code"], -32022);
        assert_eq!(error["data"]["requested"], requested);
        assert_eq!(error["data"]["supported"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn half_a_modern_meta_is_refused_by_name() {
    for missing in ["clientCapabilities", "protocolVersion"] {
        let mut message = modern(tool_call(&json!(1)));
        let meta = message["params"]["_meta"].as_object_mut().unwrap();
        meta.remove(&format!("io.modelcontextprotocol/{missing}"));
        let mut world = World::new();
        let error = world.ask(&message)["error"].clone();
        assert_eq!(error["code"], -32602);
        assert!(error["message"].as_str().unwrap().contains(missing));
        assert!(world.events().is_empty());
    }
}

#[test]
fn client_info_is_not_required() {
    let mut message = modern(request(&json!(1), "tools/list", &json!({})));
    message["params"]["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientInfo");
    assert!(World::new().ask(&message)["result"].is_object());
}

#[test]
fn what_the_era_dropped_is_unknown_in_it() {
    for method in
        ["ping", "initialize", "logging/setLevel", "resources/subscribe", "tasks/result", "tasks/list"]
    {
        let answer = World::new().ask(&modern(request(&json!(1), method, &json!({}))));
        assert_eq!(answer["error"]["code"], -32601, "{method}");
    }
}

#[test]
fn lists_carry_cache_hints_and_the_server() {
    for (method, field) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let result = World::new().ask(&modern(request(&json!(1), method, &json!({}))))["result"].clone();
        assert!(result[field].is_array());
        assert_eq!(
            (&result["resultType"], &result["ttlMs"], &result["cacheScope"]),
            (&json!("complete"), &json!(0), &json!("private"))
        );
        assert_eq!(result["_meta"][SERVER]["name"], "exai");
    }
}

#[test]
fn a_cursor_was_never_given_out() {
    let answer = World::new().ask(&modern(request(&json!(1), "tools/list", &json!({"cursor": "2"}))));
    assert_eq!(answer["error"]["code"], -32602);
}

#[test]
fn a_listen_is_acknowledged_held_tagged_and_ended() {
    let mut world = World::new();
    let filter = json!({"toolsListChanged": true, "promptsListChanged": true});
    let acknowledged = world.ask(&listen(&json!("l1"), &filter));
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(acknowledged["params"]["_meta"][SUBSCRIPTION], "l1");
    assert_eq!(acknowledged["params"]["notifications"], json!({"toolsListChanged": true}));
    world.ask(&listen(&json!(7), &json!({"toolsListChanged": true})));
    assert_eq!(world.ask(&listen(&json!(8), &json!({})))["params"]["notifications"], json!({}));

    world.engine.set_tools(raw(&json!([])));
    let tags: Vec<Value> =
        world.lines().iter().map(|line| line["params"]["_meta"][SUBSCRIPTION].clone()).collect();
    assert_eq!(tags, [json!("l1"), json!(7)]);

    world.say(&cancelled(&json!("l1")));
    assert!(
        world.lines().is_empty()
            && world.events().iter().all(|event| !matches!(event, Event::Cancelled { .. }))
    );

    world.engine.close();
    let ended = world.lines();
    assert_eq!(ended.iter().map(|line| line["id"].clone()).collect::<Vec<_>>(), [json!(7), json!(8)]);
    assert_eq!(ended[0]["result"]["resultType"], "complete");
    assert_eq!(ended[0]["result"]["_meta"][SUBSCRIPTION], 7);
    world.engine.set_tools(raw(&json!([1])));
    world.engine.close();
    assert!(world.lines().is_empty());
}

#[test]
fn a_legacy_host_that_also_listens_hears_both_ways() {
    let mut world = World::new();
    world.ask(&initialize("2025-11-25"));
    world.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    world.ask(&listen(&json!(1), &json!({"toolsListChanged": true})));
    world.engine.set_tools(raw(&json!([])));
    assert_eq!(world.lines().len(), 2);
}

#[test]
fn listens_are_bounded_and_a_repeated_id_replaces() {
    let mut world = World::new();
    for id in 0..crate::SUBSCRIPTIONS_MAX {
        world.ask(&listen(&json!(id), &json!({})));
    }
    assert_eq!(world.ask(&listen(&json!("more"), &json!({})))["error"]["code"], -32603);
    assert!(world.ask(&listen(&json!(3), &json!({})))["params"].is_object());
    assert_eq!(
        world.ask(&modern(request(&json!(1), "subscriptions/listen", &json!({}))))["error"]["code"],
        -32602
    );
}

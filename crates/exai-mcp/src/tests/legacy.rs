//! Hosts up to 2025-11-25.

use serde_json::json;

use super::world::{World, cancelled, initialize, modern, request, tool_call, tools};
use crate::{Era, Event, HostInfo, Revision};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[test]
fn initialize_is_answered_with_the_version_asked_for() {
    for revision in LEGACY {
        let answer = World::new().ask(&initialize(revision));
        assert_eq!(answer["result"]["protocolVersion"], revision);
        assert_eq!(answer["result"]["serverInfo"], json!({"name": "exai", "version": "0.1.0"}));
        assert_eq!(answer["result"]["capabilities"], json!({"tools": {"listChanged": true}}));
        assert_eq!(answer["result"]["instructions"], "Ask \"it\".");
    }
}

#[test]
fn unknown_and_modern_versions_get_the_newest_that_initialize_opens() {
    for asked in ["1900-01-01", "2026-07-28", "2099-01-01", "", "DRAFT"] {
        assert_eq!(World::new().ask(&initialize(asked))["result"]["protocolVersion"], "2025-11-25");
    }
}

#[test]
fn initialize_without_a_version_is_told_so() {
    let answer = World::new().ask(&request(&json!(1), "initialize", &json!({"capabilities": {}})));
    assert_eq!(answer["error"]["code"], -32602);
}

#[test]
fn the_driver_hears_who_asks_and_when_the_handshake_is_done() {
    let mut world = World::new();
    world.ask(&initialize("2025-11-25"));
    let events = world.events();
    let expected = HostInfo { name: "h".into(), version: "1".into() };
    assert!(matches!(&events[..], [Event::HostKnown(host)] if *host == expected));
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    world.say(&initialized);
    world.say(&initialized);
    assert!(matches!(world.events()[..], [Event::HandshakeDone]));
    let call = world.call(&tool_call(&json!(1)));
    assert_eq!(call.host, Some(expected));
    assert_eq!((call.era, call.revision), (Era::Legacy, Revision::V2025_11_25));
}

#[test]
fn initialized_without_initialize_means_nothing() {
    let mut world = World::new();
    world.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    assert!(world.events().is_empty());
    world.engine.set_tools(super::world::raw(&json!([])));
    assert!(world.lines().is_empty());
}

#[test]
fn ping_and_the_empty_lists_are_answered_before_any_handshake() {
    let mut world = World::new();
    assert_eq!(world.ask(&request(&json!(1), "ping", &json!({})))["result"], json!({}));
    assert_eq!(
        world.ask(&json!({"jsonrpc": "2.0", "id": 2, "method": "ping", "params": [7]}))["result"],
        json!({})
    );
    for (method, field) in [
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        assert_eq!(world.ask(&request(&json!(3), method, &json!({})))["result"], json!({field: []}));
    }
}

#[test]
fn a_call_needs_no_initialize() {
    let mut world = World::new();
    world.say(&tool_call(&json!(1)));
    let events = world.events();
    assert!(matches!(&events[..], [Event::HandshakeDone, Event::Call(call)] if call.era == Era::Legacy));
}

#[test]
fn what_is_not_served_is_refused_at_once() {
    for method in
        ["logging/setLevel", "resources/read", "prompts/get", "completion/complete", "tasks/list", ""]
    {
        let answer = World::opened("2025-11-25").ask(&request(&json!(4), method, &json!({})));
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(4), &json!(-32601)), "{method}");
    }
}

#[test]
fn a_long_method_name_is_not_repeated_whole() {
    let answer = World::new().ask(&request(&json!(4), &"x".repeat(1 << 20), &json!({})));
    assert!(answer.to_string().len() < 300);
}

#[test]
fn modern_methods_without_their_meta_are_told_what_they_lack() {
    for method in ["server/discover", "subscriptions/listen"] {
        let answer = World::new().ask(&request(&json!(1), method, &json!({})));
        assert_eq!(answer["error"]["code"], -32602);
        assert!(
            answer["error"]["message"].as_str().unwrap().contains("io.modelcontextprotocol/protocolVersion")
        );
    }
}

#[test]
fn list_changed_is_said_once_a_real_change_and_only_after_initialized() {
    let mut world = World::new();
    world.ask(&initialize("2025-11-25"));
    world.engine.set_tools(super::world::raw(&json!([])));
    assert!(world.lines().is_empty());
    world.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    world.engine.set_tools(super::world::raw(&tools()));
    assert_eq!(world.only(), json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));
    let spread = serde_json::to_string_pretty(&tools()).unwrap();
    world.engine.set_tools(serde_json::value::RawValue::from_string(spread).unwrap());
    assert!(world.lines().is_empty());
    let listed = world.ask(&request(&json!(1), "tools/list", &json!({})));
    assert_eq!(listed["result"]["tools"][0]["name"], "chat");
}

#[test]
fn responses_and_unknown_notifications_are_ignored() {
    let mut world = World::opened("2025-06-18");
    for message in [
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "x"}}),
        json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}),
        json!({"jsonrpc": "2.0", "method": "notifications/whatever", "params": [1]}),
        json!({"jsonrpc": "2.0", "id": null, "method": "notifications/progress"}),
        cancelled(&json!("nobody")),
        cancelled(&json!(0)),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled"}),
    ] {
        world.say(&message);
        assert!(world.lines().is_empty() && world.events().is_empty(), "{message}");
    }
}

#[test]
fn both_eras_live_in_one_process() {
    let mut world = World::opened("2025-03-26");
    assert!(world.ask(&modern(request(&json!(1), "tools/list", &json!({}))))["result"]["ttlMs"].is_number());
    assert!(world.ask(&request(&json!(2), "tools/list", &json!({})))["result"]["ttlMs"].is_null());
    assert_eq!(world.ask(&initialize("2024-11-05"))["result"]["protocolVersion"], "2024-11-05");
}

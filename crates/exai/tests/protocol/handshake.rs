//! Every revision from its greeting to an answer, and hosts that greet otherwise.

use exai_sim::host::{Progress, Revision};
use exai_sim::process::HANG;
use exai_sim::provider::answer_to;
use serde_json::{Value, json};

use crate::world::{TOOLS, World, ask, check, greet, installation, line, modern_meta, names, send};

const LEGACY: [Revision; 4] =
    [Revision::V2024_11_05, Revision::V2025_03_26, Revision::V2025_06_18, Revision::V2025_11_25];

#[test]
fn every_revision_is_served_from_its_greeting_to_an_answer() {
    let world = World::new();
    for revision in Revision::ALL {
        let host = world.host();
        let greeting = greet(&host, revision);
        let mut capabilities = json!({"tools": {"listChanged": true}});
        if revision == Revision::V2026_07_28 {
            capabilities["extensions"] = json!({"io.modelcontextprotocol/tasks": {}});
        }
        assert_eq!(greeting["capabilities"], capabilities);
        let listed = ask(&host, "tools/list", Value::Null);
        assert_eq!(names(listed.result().unwrap()["tools"].as_array().unwrap()), TOOLS);
        for (method, field) in [
            ("prompts/list", "prompts"),
            ("resources/list", "resources"),
            ("resources/templates/list", "resourceTemplates"),
        ] {
            assert_eq!(ask(&host, method, Value::Null).result().unwrap()[field], json!([]), "{revision:?}");
        }
        let version = host.ask("version", json!({})).unwrap();
        assert!(version.text().unwrap().contains(env!("CARGO_PKG_VERSION")));
        assert!(host.ask("listmodels", json!({})).unwrap().text().unwrap().contains("glm"));
        assert!(!host.ask("status", json!({})).unwrap().is_tool_error());
        let prompt = format!("in {}", revision.text());
        let chat = host.ask("chat", json!({"prompt": prompt})).unwrap();
        assert!(chat.text().unwrap().starts_with(&answer_to(&prompt, 3)) && !chat.is_tool_error());
        check(&host);
    }
}

#[test]
fn a_greeting_needs_no_daemon_and_names_what_both_sides_speak() {
    let exai = installation();
    for revision in LEGACY {
        let host = exai.host().unwrap();
        let greeting = host.initialize(revision).unwrap();
        assert_eq!(greeting["protocolVersion"], revision.text());
        assert_eq!(greeting["serverInfo"]["name"], "exai");
        assert_eq!(ask(&host, "ping", Value::Null).result().unwrap(), &json!({}));
        assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
        check(&host);
    }
    let host = exai.host().unwrap();
    let greeting = host.discover().unwrap();
    let versions: Vec<&str> =
        greeting["supportedVersions"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(versions, Revision::ALL.map(Revision::text).into_iter().rev().collect::<Vec<_>>());
    assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
    // `ping` went with the handshake.
    assert_eq!(ask(&host, "ping", Value::Null).error_code(), Some(-32601));
    check(&host);
}

#[test]
fn an_unknown_revision_is_answered_with_those_that_exist() {
    let exai = installation();
    for unknown in ["1900-01-01", "2026-07-28", "2199-01-01"] {
        let host = exai.host().unwrap();
        let params = json!({"protocolVersion": unknown, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
        let answer = ask(&host, "initialize", params);
        assert_eq!(answer.result().unwrap()["protocolVersion"], "2025-11-25", "to {unknown}");
        check(&host);
    }
    let host = exai.host().unwrap();
    let mut meta = modern_meta();
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2199-01-01");
    let answer = ask(&host, "tools/list", json!({"_meta": meta}));
    assert_eq!(answer.error_code(), Some(-32022));
    assert_eq!(answer.message["error"]["data"]["requested"], "2199-01-01");
    assert_eq!(answer.message["error"]["data"]["supported"].as_array().unwrap().len(), 5);
    check(&host);
}

#[test]
fn both_eras_are_served_side_by_side_on_one_process() {
    let world = World::new();
    let host = world.greeted(Revision::V2024_11_05);
    let mut pending = Vec::new();
    for round in 0..6 {
        let prompt = format!("round {round}");
        let arguments = json!({"name": "chat", "arguments": {"prompt": prompt}});
        pending.push((prompt.clone(), host.request("tools/call", arguments.clone()).unwrap()));
        let mut modern = arguments;
        modern["_meta"] = modern_meta();
        pending.push((prompt, host.request("tools/call", modern).unwrap()));
    }
    pending.push((String::new(), host.request("tools/list", json!({"_meta": modern_meta()})).unwrap()));
    pending.push((String::new(), host.request("tools/list", Value::Null).unwrap()));
    for (index, (prompt, pending)) in pending.iter().enumerate() {
        let answer = host.wait(pending, HANG).unwrap();
        let result = answer.result().unwrap();
        let asked_modern = index % 2 == if prompt.is_empty() { 0 } else { 1 };
        assert_eq!(result.get("resultType").is_some(), asked_modern, "{}", answer.line);
        if !prompt.is_empty() {
            assert!(answer.text().unwrap().starts_with(&answer_to(prompt, 3)));
        }
    }
    check(&host);
}

#[test]
fn a_call_needs_no_greeting() {
    let world = World::new();
    let host = world.host();
    let first = host.call("chat", json!({"prompt": "no hello"}), Progress::Unwanted).unwrap();
    assert!(host.wait(&first, HANG).unwrap().text().unwrap().starts_with(&answer_to("no hello", 3)));
    check(&host);

    let host = world.host();
    let params = json!({"name": "version", "arguments": {}, "_meta": modern_meta()});
    let first = send(&host, json!("x"), &line("\"x\"", "tools/call", &params));
    assert_eq!(host.wait(&first, HANG).unwrap().result().unwrap()["resultType"], "complete");
    check(&host);
}

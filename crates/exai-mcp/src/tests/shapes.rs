//! Tools and results in the shape of each revision.

use serde_json::{Value, json};

use super::world::{World, modern, request, tool_call};

const ALL: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/// What a host of that revision gets for a message.
fn result_in(revision: &str, message: Value, result: Option<&Value>) -> Value {
    let (mut world, message) = match revision {
        "2026-07-28" => (World::new(), modern(message)),
        _ => (World::opened(revision), message),
    };
    world.say(&message);
    if let (Some(result), Some(call)) = (result, world.calls().first()) {
        world.answer(call.key, result);
    }
    world.only()["result"].clone()
}

fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn tools_have_the_fields_of_the_revision() {
    let always = ["description", "inputSchema", "name", "x-unknown"];
    let since: [&[&str]; 5] = [&[], &["annotations"], &["title", "outputSchema", "_meta"], &["icons"], &[]];
    let mut expected: Vec<&str> = always.to_vec();
    for (revision, added) in ALL.iter().zip(since) {
        expected.extend(added);
        expected.sort_unstable();
        let mut world = if *revision == "2026-07-28" { World::new() } else { World::opened(revision) };
        let message = request(&json!(1), "tools/list", &json!({}));
        let message = if *revision == "2026-07-28" { modern(message) } else { message };
        assert_eq!(names(&world.ask(&message)["result"]["tools"][0]), expected, "{revision}");
    }
}

#[test]
fn an_output_schema_that_is_no_object_is_modern_only() {
    let tool = json!([{"name": "x", "inputSchema": {"type": "object"}, "outputSchema": {"type": "array"}}]);
    for (revision, there) in [("2025-11-25", false), ("2026-07-28", true)] {
        let mut world = World::new();
        world.engine.set_tools(super::world::raw(&tool));
        let message = request(&json!(1), "tools/list", &json!({}));
        let message = if there { modern(message) } else { message };
        assert_eq!(
            world.ask(&message)["result"]["tools"][0]["outputSchema"].is_object(),
            there,
            "{revision}"
        );
    }
}

#[test]
fn results_have_the_fields_of_the_revision() {
    let result = json!({
        "resultType": "complete", "ttlMs": 5, "cacheScope": "public", "isError": false,
        "content": [{"type": "text", "text": "x", "_meta": {"k": 1}}],
        "structuredContent": {"a": 1}, "_meta": {"dev.exai/route": 1}, "other": true
    });
    for revision in ALL {
        let got = result_in(revision, tool_call(&json!(1)), Some(&result));
        assert_eq!((&got["isError"], &got["other"]), (&json!(false), &json!(true)));
        assert_eq!(got["_meta"]["dev.exai/route"], 1);
        assert_eq!(got["resultType"].is_string(), revision == "2026-07-28");
        assert_eq!(got["structuredContent"].is_object(), revision >= "2025-06-18", "{revision}");
        assert_eq!(got["content"][0]["_meta"].is_object(), revision >= "2025-06-18");
    }
}

#[test]
fn modern_results_name_kind_and_server_and_keep_their_own_meta() {
    let got = result_in("2026-07-28", tool_call(&json!(1)), Some(&json!({})));
    assert_eq!((&got["resultType"], &got["content"]), (&json!("complete"), &json!([])));
    assert_eq!(got["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "exai");
    let later = json!({"resultType": "input_required", "requestState": "s"});
    let mut world = World::unchecked();
    let key = world.call(&modern(tool_call(&json!(1)))).key;
    world.answer(key, &later);
    let got = world.only()["result"].clone();
    assert_eq!((&got["resultType"], got.get("content")), (&json!("input_required"), None));
}

#[test]
fn structured_arrays_are_modern_only() {
    let result = json!({"content": [], "structuredContent": [1]});
    for revision in ALL {
        let got = result_in(revision, tool_call(&json!(1)), Some(&result));
        assert_eq!(got["structuredContent"].is_array(), revision == "2026-07-28");
    }
}

#[test]
fn content_that_a_revision_lacks_becomes_text() {
    let result = json!({"content": [
        {"type": "audio", "data": "AA==", "mimeType": "audio/wav"},
        {"type": "resource_link", "name": "log", "uri": "file:///l", "icons": []},
        {"type": "resource", "resource": {"uri": "file:///r", "text": "t", "_meta": {}}},
        {"type": "image", "data": "AA==", "mimeType": "image/png"}
    ]});
    for revision in ALL {
        let got = result_in(revision, tool_call(&json!(1)), Some(&result))["content"].clone();
        assert_eq!(got[0]["type"] == "audio", revision >= "2025-03-26");
        assert_eq!(got[1]["type"] == "resource_link", revision >= "2025-06-18");
        assert_eq!(got[1]["icons"].is_array(), revision >= "2025-11-25");
        assert_eq!(got[2]["resource"]["_meta"].is_object(), revision >= "2025-06-18");
        assert_eq!((&got[2]["resource"]["text"], &got[3]["type"]), (&json!("t"), &json!("image")));
        if revision == "2024-11-05" {
            assert_eq!((&got[0]["type"], &got[1]["text"]), (&json!("text"), &json!("log: file:///l")));
        }
    }
}

#[test]
fn a_result_that_is_no_object_is_an_internal_error() {
    let mut world = World::new();
    let key = world.call(&tool_call(&json!(1))).key;
    world.answer(key, &json!("text"));
    assert_eq!(world.only()["error"]["code"], -32603);
}

#[test]
fn a_tool_list_that_is_no_list_is_empty() {
    for tools in [json!({}), json!("x"), json!([1, "x"])] {
        let mut world = World::new();
        world.engine.set_tools(super::world::raw(&tools));
        assert_eq!(world.ask(&request(&json!(1), "tools/list", &json!({})))["result"]["tools"], json!([]));
    }
}

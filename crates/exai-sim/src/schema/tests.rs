use std::time::Duration;

use super::*;

fn transcript(lines: &[(Direction, Value)]) -> Transcript {
    let mut transcript = Transcript::default();
    for (direction, message) in lines {
        transcript.push(*direction, Duration::ZERO, message.to_string().as_bytes());
    }
    transcript
}

#[test]
fn definitions_differ_by_revision() {
    let Some(schemas) = Schemas::at_hand().unwrap() else { return };
    let result = json!({"content": [{"type": "text", "text": "x"}]});
    schemas.check(Revision::V2024_11_05, "CallToolResult", &result).unwrap();
    let error = schemas.check(Revision::V2026_07_28, "CallToolResult", &result).unwrap_err().to_string();
    assert!(error.contains("resultType"), "{error}");
    let audio = json!({"content": [{"type": "audio", "data": "", "mimeType": "audio/wav"}]});
    assert!(schemas.check(Revision::V2024_11_05, "CallToolResult", &audio).is_err());
    assert!(schemas.check(Revision::V2024_11_05, "DiscoverResult", &result).is_err());
}

#[test]
fn each_line_follows_the_revision_of_its_request() {
    use Direction::{Received, Sent};
    let Some(schemas) = Schemas::at_hand().unwrap() else { return };
    let modern =
        json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "progressToken": 7}});
    let lines = [
        (Sent, json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}})),
        (
            Received,
            json!({"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": "2025-06-18", "capabilities": {},
                "serverInfo": {"name": "x", "version": "1"}}}),
        ),
        (Sent, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "chat"}})),
        (Received, json!({"jsonrpc": "2.0", "id": 1, "result": {"content": []}})),
        (Sent, json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": modern})),
        (
            Received,
            json!({"jsonrpc": "2.0", "method": "notifications/progress",
                "params": {"progressToken": 7, "progress": 1}}),
        ),
        (Received, json!({"jsonrpc": "2.0", "id": 2, "result": {"content": [], "resultType": "complete"}})),
        (Received, json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "no JSON"}})),
    ];
    assert_eq!(schemas.check_transcript(&transcript(&lines)).unwrap(), 5);

    let mut wrong = lines.to_vec();
    wrong[6].1 = json!({"jsonrpc": "2.0", "id": 2, "result": {"content": []}});
    assert!(schemas.check_transcript(&transcript(&wrong)).is_err());
    wrong = lines.to_vec();
    wrong[5].1 = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}});
    assert!(schemas.check_transcript(&transcript(&wrong)).is_err());
}

#[test]
fn faults_of_every_kind_are_found() {
    let Some(schemas) = Schemas::at_hand().unwrap() else { return };
    let modern = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}});
    let mut conversation = Conversation::new(schemas);
    conversation.host(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": modern}));
    conversation.host(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    for line in [
        // No fields of the modern era, fields of it where they don't belong, an answer to nothing, a request, no id in
        // a revision that says so by leaving it out, a batch where there are none, no JSON.
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#,
        r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[],"ttlMs":0}}"#,
        r#"{"jsonrpc":"2.0","id":3,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}"#,
        r#"[{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}]"#,
        r#"[]x"#,
    ] {
        assert!(conversation.server_line(line.as_bytes()).is_err(), "{line}");
    }
    conversation.server_line(br#"{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}"#).unwrap();
    assert!(conversation.checked().contains("ListToolsResult@2025-11-25"));
}

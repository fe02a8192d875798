//! Lines that are none, and methods that nobody serves.

use exai_sim::host::{Host, Pending, Progress, Revision};
use exai_sim::process::HANG;
use exai_sim::provider::answer_to;
use serde_json::{Value, json};

use crate::gate::Gate;
use crate::world::{World, ask, check, check_schemas, greet, installation, line, send};

/// The line that answers the next sent one, and the answer to a ping after it.
fn after(host: &Host, bytes: &[u8]) -> Vec<Value> {
    let before = host.transcript().received().count();
    host.send_raw(bytes).unwrap();
    assert_eq!(ask(host, "ping", Value::Null).result().unwrap(), &json!({}), "the shim goes on");
    let transcript = host.transcript();
    let lines = transcript.received().skip(before).map(|line| (**line.json.as_ref().unwrap()).clone());
    let mut lines: Vec<Value> = lines.collect();
    lines.pop();
    lines
}

#[test]
fn a_line_of_seventeen_mebibytes_is_an_error_with_its_id_and_the_shim_goes_on() {
    let world = World::new();
    let gate = Gate::hold(&world.provider);
    let host = world.greeted(Revision::V2025_11_25);
    let open = host.call("chat", json!({"prompt": "meanwhile"}), Progress::Unwanted).unwrap();
    let params = json!({"name": "chat", "arguments": {"prompt": "x".repeat(17 << 20)}});
    let too_long = send(&host, json!("big"), &line("\"big\"", "tools/call", &params));
    let answer = host.wait(&too_long, HANG).unwrap();
    assert!(answer.error_code().is_some(), "{}", answer.line);
    assert!(answer.message["error"]["message"].as_str().unwrap().contains("16 MiB"), "{}", answer.line);
    gate.let_go("meanwhile");
    assert!(host.wait(&open, HANG).unwrap().text().unwrap().starts_with(&answer_to("meanwhile", 3)));
    assert_eq!(world.provider.requests().len(), 1);
    check(&host);
}

#[test]
fn a_line_of_fifteen_mebibytes_is_read() {
    let exai = installation();
    let host = exai.host().unwrap();
    host.initialize(Revision::V2025_11_25).unwrap();
    let answer = ask(&host, "ping", json!({"_meta": {"x": "x".repeat(15 << 20)}}));
    assert_eq!(answer.result().unwrap(), &json!({}));
    check(&host);
}

#[test]
fn a_malformed_line_gets_an_error_with_its_id_where_it_has_one() {
    let exai = installation();
    for revision in
        [Revision::V2024_11_05, Revision::V2025_03_26, Revision::V2025_06_18, Revision::V2025_11_25]
    {
        let host = exai.host().unwrap();
        host.initialize(revision).unwrap();
        let with_ids: [(&[u8], i64, Value); 7] = [
            (br#"{"jsonrpc":"2.0","id":901,"method":"tools/list""#, -32700, json!(901)),
            (b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"\xff\xfe\"}", -32700, json!("a")),
            (br#"{"jsonrpc":"2.0","id":902,"method":5}"#, -32600, json!(902)),
            (br#"{"jsonrpc":"1.0","id":903,"method":"ping"}"#, -32600, json!(903)),
            (br#"{"jsonrpc":"2.0","id":904,"method":"tools/call","params":[1]}"#, -32602, json!(904)),
            (br#"{"jsonrpc":"2.0","id":905,"method":"tools/call","params":{"arguments":{}}}"#, -32602, json!(905)),
            (
                br#"{"jsonrpc":"2.0","id":906,"method":"tools/call","params":{"name":"chat","arguments":"x"}}"#,
                -32602,
                json!(906),
            ),
        ];
        for (bytes, code, id) in with_ids {
            let shown = String::from_utf8_lossy(bytes);
            let lines = after(&host, bytes);
            assert_eq!(lines.len(), 1, "{shown}: {lines:?}");
            assert_eq!((&lines[0]["id"], &lines[0]["error"]["code"]), (&id, &json!(code)), "{shown}");
        }
        // What does not begin as a message is noise, and an answer to it would be noise to the host.
        for bytes in [b"what?".as_slice(), b"17", b"\"text\"", b"null", b"\xff\xfe"] {
            assert_eq!(after(&host, bytes), Vec::<Value>::new());
        }
        for bytes in [b"{\"broken".as_slice(), b"{}", b"{\"jsonrpc\":\"2.0\"}"] {
            let lines = after(&host, bytes);
            assert_eq!(lines.len(), 1, "{}: {lines:?}", String::from_utf8_lossy(bytes));
            assert!(lines[0]["error"]["code"].is_i64() && lines[0]["id"].is_null(), "{lines:?}");
        }
        check_schemas(&host.transcript());
    }
}

#[test]
fn blank_lines_carriage_returns_and_a_byte_order_mark_are_nothing() {
    let exai = installation();
    let host = exai.host().unwrap();
    let initialize = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
    let first = format!("\u{feff}{}\r", line("1", "initialize", &initialize));
    let first = send(&host, json!(1), &first);
    assert_eq!(host.wait(&first, HANG).unwrap().result().unwrap()["protocolVersion"], "2025-11-25");
    for bytes in [b"".as_slice(), b"\r", b"  \t ", b"\n\n\r\n"] {
        assert_eq!(after(&host, bytes), Vec::<Value>::new());
    }
    // Responses to nothing, and notifications that nobody knows.
    for text in [
        r#"{"jsonrpc":"2.0","id":55,"result":{}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/no/such","params":{"a":1}}"#,
        r#"{"jsonrpc":"2.0","method":"no/such/thing"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    ] {
        assert_eq!(after(&host, text.as_bytes()), Vec::<Value>::new(), "{text}");
    }
    check_schemas(&host.transcript());
}

/// Methods of the protocol that this server does not have, and one that nobody has.
const UNKNOWN: [&str; 10] = [
    "no/such",
    "",
    "logging/setLevel",
    "prompts/get",
    "resources/read",
    "resources/subscribe",
    "completion/complete",
    "tasks/result",
    "sampling/createMessage",
    "notifications/cancelled",
];

#[test]
fn unknown_methods_are_answered_at_once_whatever_else_is_open() {
    let world = World::new();
    let gate = Gate::hold(&world.provider);
    for revision in Revision::ALL {
        let host = world.host();
        greet(&host, revision);
        let prompt = format!("held {}", revision.text());
        let held = host.call("chat", json!({"prompt": prompt}), Progress::Unwanted).unwrap();
        let asked: Vec<Pending> =
            UNKNOWN.iter().map(|method| host.request(method, json!({})).unwrap()).collect();
        for (method, pending) in UNKNOWN.iter().zip(&asked) {
            let answer = host.wait(pending, HANG).unwrap();
            assert_eq!(answer.error_code(), Some(-32601), "{method} in {revision:?}: {}", answer.line);
        }
        assert!(host.answer(&held).is_none());
        gate.let_go(&prompt);
        host.wait(&held, HANG).unwrap();
        check(&host);
    }
}

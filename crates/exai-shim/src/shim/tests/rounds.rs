//! Calls that a modern host is asked to bring again.

use std::time::Duration;

use exai_wire::{Call, CallId, DaemonFrame, Refused, RefusedCode, ShimFrame};
use serde_json::{Value, json};

use super::world::{Conn, Daemon, Host, options};
use crate::options::ShimOptions;

/// A host whose patience ends after a second and a half.
fn hasty(daemon: &Daemon, state: Option<&std::path::Path>) -> ShimOptions {
    let mut options = options(Some(&daemon.url()), state);
    options.loaded.settings.calls.host_timeout = Some(Duration::from_millis(2250));
    options
}

fn chat(host: &mut Host, id: u32, arguments: &Value, state: Option<&str>) {
    let mut params = json!({"name": "chat", "arguments": arguments, "_meta": {"n": id}});
    if let Some(state) = state {
        params["requestState"] = json!(state);
    }
    host.ask(id, "tools/call", params, &[]);
}

/// The state that the host is to come back with.
fn asked_again(host: &Host, id: u32) -> String {
    let line = host.hear();
    assert_eq!(line["id"], id, "{line}");
    assert_eq!(line["result"]["resultType"], "input_required", "{line}");
    line["result"]["requestState"].as_str().unwrap().to_owned()
}

fn refused(host: &Host, id: u32, word: &str) {
    let line = host.hear();
    assert_eq!((&line["id"], &line["error"]["code"]), (&json!(id), &json!(-32602)), "{line}");
    assert!(line["error"]["message"].as_str().unwrap().contains(word), "{line}");
}

fn detached(conn: &mut Conn, call_id: CallId) {
    assert!(matches!(conn.next(), ShimFrame::Detach(left) if left.call_id == call_id));
}

/// A call that is asked or brought again, and outlasts the host's patience; as the daemon has it, and the state to come back
/// with.
fn round(
    host: &mut Host,
    conn: &mut Conn,
    id: u32,
    arguments: &Value,
    state: Option<&str>,
) -> (Call, String) {
    chat(host, id, arguments, state);
    let call = conn.whole_call();
    conn.accepted(call.call_id);
    let state = asked_again(host, id);
    detached(conn, call.call_id);
    (call, state)
}

#[test]
fn a_host_that_comes_back_joins_its_call_under_the_same_key() {
    let state_dir = tempfile::tempdir().unwrap();
    for state in [None, Some(state_dir.path())] {
        let daemon = Daemon::listen();
        let (mut host, mut conn) = Host::connected(hasty(&daemon, state), &daemon);
        let arguments = json!({"prompt": "hi", "n": 1});
        let (first, state) = round(&mut host, &mut conn, 1, &arguments, None);
        chat(&mut host, 2, &json!({"n": 1, "prompt": "hi"}), Some(&state));
        let again = conn.whole_call();
        assert_eq!((again.call_id, again.fingerprint), (first.call_id, first.fingerprint));
        assert!(again.accepted_seen && again.under.is_some());
        assert!(!again.params.get().contains("requestState"));
        assert!(again.remaining_ms < first.remaining_ms - 900, "the time of the call goes on");
        conn.result(first.call_id, "hello");
        assert_eq!(host.told(2), ("hello".to_owned(), false));
        assert!(matches!(conn.next(), ShimFrame::Ack(ids) if ids == [first.call_id]));
        host.end();
    }
}

#[test]
fn the_next_shim_joins_a_call_of_the_one_before() {
    let state_dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, Some(state_dir.path())), &daemon);
    chat(&mut host, 1, &json!({"prompt": "hi"}), None);
    let call_id = conn.call().0;
    conn.accepted(call_id);
    let state = asked_again(&host, 1);
    host.end();

    let mut host = Host::start(options(Some(&daemon.url()), Some(state_dir.path())));
    chat(&mut host, 1, &json!({"prompt": "hi"}), Some(&state));
    let (mut conn, hello) = daemon.accept();
    let [open] = &hello.open[..] else { panic!("{:?}", hello.open) };
    assert!(open.call_id == call_id && open.accepted_seen);
    // It knows the call, so that is not brought again.
    conn.welcome(&hello, "1.2.3", "built in");
    conn.result(call_id, "kept");
    assert_eq!(host.told(1).0, "kept");
    host.end();
}

#[test]
fn a_state_that_was_changed_or_is_of_another_call_is_an_error_and_runs_nothing() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let arguments = json!({"prompt": "hi"});
    let (Call { call_id, .. }, state) = round(&mut host, &mut conn, 1, &arguments, None);

    let mut forged = state.clone();
    forged.replace_range(20..22, if state.get(20..22) == Some("00") { "01" } else { "00" });
    for (id, forged) in [(2, forged.as_str()), (3, "nonsense"), (4, "")] {
        chat(&mut host, id, &arguments, Some(forged));
        refused(&host, id, "not made by this server");
    }
    chat(&mut host, 5, &json!({"prompt": "another"}), Some(&state));
    refused(&host, 5, "other arguments");
    host.ask(6, "tools/call", json!({"name": "status", "arguments": arguments, "requestState": state}), &[]);
    refused(&host, 6, "another tool");

    // Nothing of all that has reached the daemon.
    chat(&mut host, 7, &arguments, Some(&state));
    assert_eq!(conn.whole_call().call_id, call_id);
    conn.result(call_id, "once");
    assert_eq!(host.told(7).0, "once");
    host.end();
}

#[test]
fn a_state_that_is_used_again_after_the_answer_runs_nothing() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (Call { call_id, .. }, state) = round(&mut host, &mut conn, 1, &json!({}), None);
    chat(&mut host, 2, &json!({}), Some(&state));
    assert_eq!(conn.call().0, call_id);
    conn.result(call_id, "once");
    assert_eq!(host.told(2).0, "once");
    assert!(matches!(conn.next(), ShimFrame::Ack(_)));
    chat(&mut host, 3, &json!({}), Some(&state));
    // Joined, not brought: a daemon that does not know it any more must not run it.
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    let (code, message) = (RefusedCode::UnknownCall, "no such call".to_owned());
    conn.send(&DaemonFrame::Refused(Refused { call_id, code, message, retry_after_ms: None }));
    let (text, is_error) = host.told(3);
    assert!(is_error && text.contains("knows no call"), "{text}");
    host.end();
}

#[test]
fn after_nine_rounds_the_host_is_told_how_to_collect() {
    let daemon = Daemon::listen();
    let mut options = hasty(&daemon, None);
    options.loaded.settings.calls.host_timeout = Some(Duration::from_millis(150));
    let (mut host, mut conn) = Host::connected(options, &daemon);
    let (Call { call_id, .. }, mut state) = round(&mut host, &mut conn, 0, &json!({}), None);
    for id in 1..9 {
        let (again, next) = round(&mut host, &mut conn, id, &json!({}), Some(&state));
        assert_eq!(again.call_id, call_id);
        state = next;
    }
    chat(&mut host, 9, &json!({}), Some(&state));
    assert_eq!(conn.call().0, call_id);
    conn.accepted(call_id);
    let (text, is_error) = host.told(9);
    assert!(!is_error && text.contains("`collect`") && text.contains(&call_id.to_string()), "{text}");
    host.end();
}

#[test]
fn a_host_of_an_older_revision_is_told_in_a_sentence() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    host.call(1, "chat", "{}");
    let call_id = conn.call().0;
    conn.accepted(call_id);
    let (text, is_error) = host.told(1);
    assert!(!is_error && text.contains("`collect`"), "{text}");
    detached(&mut conn, call_id);
    host.end();
}

#[test]
fn an_outage_is_bridged_by_rounds_but_a_daemon_that_never_was_there_is_told_of() {
    let mut daemon = Daemon::listen();
    let address = daemon.url().trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let settings = hasty(&daemon, None);
    drop(daemon);
    let mut host = Host::start(settings);
    chat(&mut host, 1, &json!({}), None);
    let (text, is_error) = host.told(1);
    assert!(is_error && text.contains("refused") && text.contains("was not run"), "{text}");

    daemon = Daemon::listen_at(&address);
    chat(&mut host, 2, &json!({}), None);
    let mut conn = daemon.welcome();
    let call_id = conn.call().0;
    conn.result(call_id, "there");
    assert_eq!(host.told(2).0, "there");
    assert!(matches!(conn.next(), ShimFrame::Ack(_)));
    drop((conn, daemon));

    chat(&mut host, 3, &json!({"prompt": "meanwhile"}), None);
    let state = asked_again(&host, 3);
    chat(&mut host, 4, &json!({"prompt": "meanwhile"}), Some(&state));
    let state = asked_again(&host, 4);
    let daemon = Daemon::listen_at(&address);
    chat(&mut host, 5, &json!({"prompt": "meanwhile"}), Some(&state));
    let mut conn = daemon.welcome();
    let call = conn.whole_call();
    assert!(call.under.is_none() && !call.accepted_seen, "it was never sent");
    conn.result(call.call_id, "at last");
    assert_eq!(host.told(5).0, "at last");
    host.end();
}

#[test]
fn collecting_goes_in_rounds_too_unless_the_caller_limits_his_wait() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let call_id = CallId::from_bytes([5; 16]);
    let mut arguments = json!({"call_id": call_id.to_string()});
    let collect = |host: &mut Host, id: u32, arguments: &Value, state: Option<&str>| {
        let mut params = json!({"name": "collect", "arguments": arguments});
        if let Some(state) = state {
            params["requestState"] = json!(state);
        }
        host.ask(id, "tools/call", params, &["io.modelcontextprotocol/tasks"]);
    };
    collect(&mut host, 1, &arguments, None);
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    let state = asked_again(&host, 1);
    detached(&mut conn, call_id);
    collect(&mut host, 2, &arguments, Some(&state));
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    conn.result(call_id, "collected");
    assert_eq!(host.told(2).0, "collected");
    assert!(matches!(conn.next(), ShimFrame::Ack(_)));

    arguments["wait_s"] = json!(0.1);
    collect(&mut host, 3, &arguments, None);
    assert!(matches!(conn.next(), ShimFrame::Attach(_)));
    let (text, is_error) = host.told(3);
    assert!(!is_error && text.contains("Not finished yet"), "{text}");
    host.end();
}

#[test]
fn several_who_wait_for_one_call_are_each_answered_at_their_own_limit() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    host.say(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","arguments":{},"_meta":{"progressToken":1}}}"#,
    );
    let call_id = conn.call().0;
    conn.accepted(call_id);
    host.call(2, "collect", &format!(r#"{{"call_id":"{call_id}"}}"#));
    let (text, _) = host.told(2);
    assert!(text.contains("Not finished yet"), "{text}");
    conn.result(call_id, "for the patient one");
    assert_eq!(host.told(1).0, "for the patient one");
    host.end();
}

#[test]
fn a_file_that_is_gone_does_not_keep_a_host_from_its_call() {
    let daemon = Daemon::listen();
    let project = tempfile::tempdir().unwrap();
    let file = project.path().join("notes.txt");
    std::fs::write(&file, "first").unwrap();
    let mut options = hasty(&daemon, None);
    options.loaded.settings.shim.file_roots = vec![project.path().to_owned()];
    let (mut host, mut conn) = Host::connected(options, &daemon);
    let arguments = json!({"files": [file]});
    let (first, state) = round(&mut host, &mut conn, 1, &arguments, None);

    std::fs::write(&file, "second").unwrap();
    let (again, state) = round(&mut host, &mut conn, 2, &arguments, Some(&state));
    assert_eq!((again.call_id, again.fingerprint), (first.call_id, first.fingerprint), "the same call still");

    std::fs::remove_file(&file).unwrap();
    chat(&mut host, 3, &arguments, Some(&state));
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == first.call_id));
    conn.result(first.call_id, "about the first");
    assert_eq!(host.told(3).0, "about the first");
    host.end();
}

#[test]
fn a_host_may_cancel_when_it_has_come_back() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (Call { call_id, .. }, state) = round(&mut host, &mut conn, 1, &json!({}), None);
    chat(&mut host, 2, &json!({}), Some(&state));
    assert_eq!(conn.call().0, call_id);
    host.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#);
    assert!(matches!(conn.next(), ShimFrame::Cancel(cancel) if cancel.call_id == call_id));
    host.end();
}

#[test]
fn a_call_that_the_daemon_refuses_on_return_says_so() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (Call { call_id, .. }, state) = round(&mut host, &mut conn, 1, &json!({}), None);
    chat(&mut host, 2, &json!({}), Some(&state));
    assert_eq!(conn.call().0, call_id);
    let (code, message) = (RefusedCode::KeyReused, "this call id was used with another payload".to_owned());
    conn.send(&DaemonFrame::Refused(Refused { call_id, code, message, retry_after_ms: None }));
    let (text, is_error) = host.told(2);
    assert!(is_error && text.contains("another payload"), "{text}");
    host.end();
}

#[test]
fn a_key_that_can_not_be_read_keeps_nobody_waiting() {
    let state_dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen();
    let hangs = |_: &std::path::Path| {
        loop {
            std::thread::park();
        }
    };
    let mut host = Host::start_with_key(hasty(&daemon, Some(state_dir.path())), hangs);
    chat(&mut host, 1, &json!({}), None);
    let mut conn = daemon.welcome();
    let call_id = conn.call().0;
    conn.accepted(call_id);
    let (text, _) = host.told(1);
    assert!(text.contains("`collect`"), "without a key the host is told in a sentence: {text}");
    chat(&mut host, 2, &json!({}), Some("00"));
    host.say(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    assert_eq!(host.hear()["id"], 3);
    let line = host.hear();
    assert_eq!((&line["id"], &line["error"]["code"]), (&json!(2), &json!(-32603)), "{line}");
    host.end();

    // Another one: the first shim has dialled again, for its daemon was silent.
    let daemon = Daemon::listen();
    let fails = |_: &std::path::Path| Err(std::io::ErrorKind::PermissionDenied.into());
    let mut host = Host::start_with_key(hasty(&daemon, Some(state_dir.path())), fails);
    chat(&mut host, 1, &json!({}), None);
    let mut conn = daemon.welcome();
    let call_id = conn.call().0;
    conn.accepted(call_id);
    let state = asked_again(&host, 1);
    detached(&mut conn, call_id);
    chat(&mut host, 2, &json!({}), Some(&state));
    assert_eq!(conn.call().0, call_id);
    host.end();
}

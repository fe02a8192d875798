//! Calls that a modern host asks after.

use std::path::Path;
use std::time::Duration;

use exai_wire::{CallId, DaemonFrame, Outcome, Refused, RefusedCode, ResultFrame, ShimFrame};
use serde_json::{Value, json};

use super::world::{Conn, Daemon, Host, options, raw};
use crate::options::ShimOptions;

const TASKS: &[&str] = &["io.modelcontextprotocol/tasks"];

fn hasty(daemon: &Daemon, state: Option<&Path>) -> ShimOptions {
    let mut options = options(Some(&daemon.url()), state);
    options.loaded.settings.calls.host_timeout = Some(Duration::from_millis(2250));
    options
}

fn chat(host: &mut Host, id: u32) {
    host.ask(id, "tools/call", json!({"name": "chat", "arguments": {"prompt": "hi"}}), TASKS);
}

/// Has a call made into a task; its name.
fn made(host: &mut Host, conn: &mut Conn) -> (CallId, String) {
    chat(host, 1);
    let call_id = conn.call().0;
    conn.accepted(call_id);
    let task = host.hear();
    assert_eq!((&task["id"], &task["result"]["resultType"]), (&json!(1), &json!("task")), "{task}");
    assert_eq!(task["result"]["status"], "working");
    let name = task["result"]["taskId"].as_str().unwrap().to_owned();
    assert!(name.starts_with(&call_id.to_string()));
    (call_id, name)
}

fn ask(host: &mut Host, id: u32, verb: &str, name: &str) {
    host.ask(id, &format!("tasks/{verb}"), json!({"taskId": name}), TASKS);
}

/// Asks after a task; what it is.
fn get(host: &mut Host, id: u32, name: &str) -> Value {
    ask(host, id, "get", name);
    let line = host.hear();
    assert_eq!(line["id"], id, "{line}");
    line["result"].clone()
}

fn unknown(conn: &mut Conn, call_id: CallId) {
    let (code, message) = (RefusedCode::UnknownCall, "no such call".to_owned());
    conn.send(&DaemonFrame::Refused(Refused { call_id, code, message, retry_after_ms: None }));
}

#[test]
fn a_task_is_made_at_the_end_of_patience_worked_on_and_completed() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    assert_eq!(get(&mut host, 2, &name)["status"], "working");
    ask(&mut host, 3, "get", &name);
    conn.result(call_id, "done");
    let line = host.hear();
    assert_eq!((&line["id"], &line["result"]["status"]), (&json!(3), &json!("completed")), "{line}");
    assert_eq!(line["result"]["result"]["content"][0]["text"], "done");
    assert!(matches!(conn.next(), ShimFrame::Ack(ids) if ids == [call_id]), "once the host has it");
    assert_eq!(get(&mut host, 4, &name)["result"], line["result"]["result"], "it stays");
    ask(&mut host, 5, "update", &name);
    assert_eq!(host.hear()["result"]["resultType"], "complete");
    ask(&mut host, 6, "cancel", &name);
    assert_eq!(host.hear()["result"]["resultType"], "complete");
    assert_eq!(get(&mut host, 7, &name)["status"], "completed", "what is over stays so");
    host.end();
}

#[test]
fn before_the_daemon_has_accepted_it_a_call_goes_in_rounds() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    chat(&mut host, 1);
    conn.call();
    assert_eq!(host.hear()["result"]["resultType"], "input_required");
    host.end();
}

#[test]
fn the_next_shim_knows_a_task_by_its_name() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    host.end();

    let mut host = Host::start(hasty(&daemon, None));
    ask(&mut host, 1, "get", &name);
    let mut conn = daemon.welcome();
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    conn.accepted(call_id);
    assert_eq!(host.hear()["result"]["status"], "working");
    ask(&mut host, 2, "get", &name);
    conn.result(call_id, "done");
    assert_eq!(host.hear()["result"]["result"]["content"][0]["text"], "done");
    host.end();
}

#[test]
fn while_the_daemon_is_away_the_last_state_is_told_and_afterwards_the_call_goes_on() {
    let daemon = Daemon::listen();
    let address = daemon.url().trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let mut settings = hasty(&daemon, None);
    settings.loaded.settings.calls.hold = Duration::from_millis(100);
    let (mut host, mut conn) = Host::connected(settings, &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    drop((conn, daemon));
    // Longer than the hold: nobody waits at a limit of his own any more.
    for id in [2, 3] {
        let task = get(&mut host, id, &name);
        assert_eq!(task["status"], "working");
        assert!(task["statusMessage"].as_str().unwrap().contains("out of reach"), "{task}");
    }
    let daemon = Daemon::listen_at(&address);
    let (mut conn, hello) = daemon.accept();
    assert_eq!(hello.open[0].call_id, call_id);
    conn.welcome(&hello, "1.2.3", "built in");
    conn.result(call_id, "after the outage");
    assert_eq!(get(&mut host, 4, &name)["result"]["content"][0]["text"], "after the outage");
    host.end();
}

#[test]
fn a_task_that_nobody_knows_is_an_error_only_once_the_daemon_has_said_so() {
    let daemon = Daemon::listen();
    let mut host = Host::start(hasty(&daemon, None));
    let call_id = CallId::from_bytes([0xab; 16]);
    let created = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let name = format!("{call_id}-{created:x}");
    let task = get(&mut host, 1, &name);
    assert_eq!(task["status"], "working", "the daemon has not answered: {task}");
    let mut conn = daemon.welcome();
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    // An answer after it shows that the refusal was read.
    host.call(9, "chat", "{}");
    let other = conn.call().0;
    unknown(&mut conn, call_id);
    conn.result(other, "read");
    assert_eq!(host.told(9).0, "read");
    assert!(matches!(conn.next(), ShimFrame::Ack(_)));
    ask(&mut host, 2, "get", &name);
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    unknown(&mut conn, call_id);
    let line = host.hear();
    assert_eq!((&line["id"], &line["error"]["code"]), (&json!(2), &json!(-32602)), "{line}");

    // However old it is: how long answers are kept is the daemon's to say.
    ask(&mut host, 3, "get", &format!("{call_id}-1"));
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    unknown(&mut conn, call_id);
    let line = host.hear();
    let said = line["error"]["message"].as_str().unwrap();
    assert!(said.contains("does not know its call") && said.contains("unless its settings say"), "{line}");
    host.end();
}

#[test]
fn a_task_whose_call_the_daemon_has_lost_has_failed() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    ask(&mut host, 2, "get", &name);
    unknown(&mut conn, call_id);
    let line = host.hear();
    assert_eq!(
        (&line["result"]["status"], &line["result"]["error"]["code"]),
        (&json!("failed"), &json!(-32603))
    );
    assert_eq!(get(&mut host, 3, &name)["status"], "failed");
    host.end();
}

#[test]
fn a_cancelled_task_is_cancelled_in_the_daemon_and_for_all_who_wait() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    host.say(&format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"collect","arguments":{{"call_id":"{call_id}"}},"_meta":{{"progressToken":1}}}}}}"#
    ));
    ask(&mut host, 3, "cancel", &name);
    assert_eq!(host.hear()["result"]["resultType"], "complete");
    assert_eq!(host.told(2), ("The call was cancelled.".to_owned(), true));
    assert!(matches!(conn.next(), ShimFrame::Cancel(cancel) if cancel.call_id == call_id));
    assert_eq!(get(&mut host, 4, &name)["status"], "cancelled");
    host.end();
}

#[test]
fn a_task_of_an_earlier_shim_can_be_cancelled_also_while_the_daemon_is_away() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    host.end();

    let mut host = Host::start(hasty(&daemon, None));
    ask(&mut host, 1, "cancel", &name);
    assert_eq!(host.hear()["result"]["resultType"], "complete", "before any daemon has heard it");
    assert_eq!(get(&mut host, 2, &name)["statusMessage"], "It is being cancelled.");
    let mut conn = daemon.welcome();
    assert!(matches!(conn.next(), ShimFrame::Cancel(cancel) if cancel.call_id == call_id));
    let cancelled = |replayed| {
        let body = raw(r#"{"content":[],"isError":true}"#);
        DaemonFrame::Result(ResultFrame { call_id, attempt: 1, outcome: Outcome::Cancelled, body, replayed })
    };
    conn.send(&cancelled(false));
    assert!(matches!(conn.next(), ShimFrame::Ack(_)), "confirmed");
    ask(&mut host, 3, "get", &name);
    assert!(matches!(conn.next(), ShimFrame::Attach(_)));
    conn.send(&cancelled(true));
    assert_eq!(host.hear()["result"]["status"], "cancelled");
    host.end();
}

#[test]
fn who_watches_a_task_is_told_of_its_states() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    host.ask(2, "subscriptions/listen", json!({"notifications": {"taskIds": [name]}}), TASKS);
    assert_eq!(host.hear()["params"]["notifications"]["taskIds"], json!([name]));
    assert_eq!(host.hear()["params"]["status"], "working");
    conn.result(call_id, "done");
    let line = host.hear();
    assert_eq!(
        (&line["method"], &line["params"]["status"]),
        (&json!("notifications/tasks"), &json!("completed"))
    );
    assert_eq!(line["params"]["result"]["content"][0]["text"], "done");
    assert!(matches!(conn.next(), ShimFrame::Ack(ids) if ids == [call_id]), "it is with the host");
    host.close_stdin();
    assert_eq!(host.hear()["id"], 2);
    assert_eq!(host.code(), 0);
}

#[test]
fn a_watch_joins_a_task_of_an_earlier_shim() {
    let daemon = Daemon::listen();
    let (mut host, mut conn) = Host::connected(hasty(&daemon, None), &daemon);
    let (call_id, name) = made(&mut host, &mut conn);
    host.end();

    let mut host = Host::start(hasty(&daemon, None));
    host.ask(1, "subscriptions/listen", json!({"notifications": {"taskIds": [name]}}), TASKS);
    host.hear();
    let mut conn = daemon.welcome();
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    conn.accepted(call_id);
    assert_eq!(host.hear()["params"]["status"], "working");
    conn.result(call_id, "done");
    assert_eq!(host.hear()["params"]["status"], "completed");
    host.close_stdin();
    assert_eq!(host.code(), 0);
}

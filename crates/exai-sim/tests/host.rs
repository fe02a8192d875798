//! The simulated host with a real process: the floor of the benchmark.

use std::path::Path;
use std::time::Duration;

use exai_sim::host::{Host, HostConfig, Progress, Revision, Stderr};
use exai_sim::process::{HANG, Signal};
use serde_json::json;

fn floor() -> anyhow::Result<Host> {
    Host::spawn(HostConfig::program(Path::new(env!("CARGO_BIN_EXE_exai-sim")), &["floor"]))
}

#[test]
fn a_conversation_is_written_down_with_its_times() {
    let host = floor().unwrap();
    let result = host.initialize(Revision::V2025_11_25).unwrap();
    assert_eq!(result["protocolVersion"], "2025-11-25");
    let pending = host.call("chat", json!({"prompt": "x"}), Progress::Wanted).unwrap();
    let answer = host.wait(&pending, HANG).unwrap();
    assert!(answer.at >= pending.at && !answer.is_tool_error());
    let transcript = host.transcript();
    transcript.check_complete().unwrap();
    transcript.check_answered_once(&pending).unwrap();
    assert_eq!((transcript.sent().count(), transcript.received().count()), (3, 2));
    assert!(pending.token.is_some());
}

#[test]
fn modern_requests_carry_their_meta() {
    let host = floor().unwrap();
    host.discover().unwrap();
    let pending = host.call("chat", json!({}), Progress::Wanted).unwrap();
    host.wait(&pending, HANG).unwrap();
    let transcript = host.transcript();
    let line = transcript.sent().last().unwrap().json.clone().unwrap();
    let meta = &line["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(Some(&meta["progressToken"]), pending.token.as_ref());
}

#[test]
fn the_end_of_stdin_ends_the_server_after_what_was_sent() {
    let host = floor().unwrap();
    let pending = host.request("ping", json!({})).unwrap();
    host.close_stdin();
    assert!(host.wait_exit(HANG).unwrap().status.success());
    host.wait(&pending, HANG).unwrap();
    assert!(host.request("ping", json!({})).is_err());
}

#[test]
fn a_missing_answer_is_an_error_that_shows_the_conversation() {
    let host = floor().unwrap();
    host.child().signal(Signal::Stop).unwrap();
    let pending = host.request("ping", json!({"mark": "here"})).unwrap();
    let error = host.wait(&pending, Duration::from_millis(20)).unwrap_err().to_string();
    assert!(error.contains("no answer") && error.contains("\"mark\":\"here\""), "{error}");
    host.child().signal(Signal::Continue).unwrap();
    host.wait(&pending, HANG).unwrap();
}

#[test]
fn a_killed_server_has_ended() {
    let config = HostConfig::program(Path::new(env!("CARGO_BIN_EXE_exai-sim")), &["floor"]);
    let host = Host::spawn(config.stderr(Stderr::NeverRead)).unwrap();
    host.signal(Signal::Kill).unwrap();
    assert!(!host.wait_exit(HANG).unwrap().status.success());
    assert!(host.signal(Signal::Kill).is_err());
}

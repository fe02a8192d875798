//! What a host gets.

use exai_wire::ShimFrame;

use super::world::{Daemon, Host, nowhere, options, raw};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"0"}}}"#;

#[test]
fn handshake_and_lists_need_no_daemon() {
    let mut host = Host::start(options(Some(&nowhere()), None));
    host.say(INITIALIZE);
    assert_eq!(host.hear()["result"]["serverInfo"]["version"], "1.2.3");
    host.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(host.hear()["result"]["tools"][0]["name"], "chat");
    host.end();
}

#[test]
fn a_call_reaches_the_daemon_with_its_params_and_is_acknowledged_once_written() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(7, "chat", r#"{"prompt":"hi","n":1.50}"#);
    let mut conn = daemon.welcome();
    let (call_id, params) = conn.call();
    assert_eq!(params["arguments"]["prompt"], "hi");
    conn.accepted(call_id);
    conn.result(call_id, "hello");
    assert_eq!(host.told(7), ("hello".to_owned(), false));
    assert!(matches!(conn.next(), ShimFrame::Ack(ids) if ids == [call_id]));
    host.end();
    assert!(matches!(conn.next(), ShimFrame::Bye(_)));
}

#[test]
fn many_calls_are_answered_out_of_order() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    for id in 0..64 {
        host.call(id, "chat", &format!(r#"{{"prompt":"{id}"}}"#));
    }
    let mut conn = daemon.welcome();
    let calls: Vec<_> = (0..64).map(|_| conn.call()).collect();
    for (call_id, params) in calls.iter().rev() {
        conn.result(*call_id, params["arguments"]["prompt"].as_str().unwrap());
    }
    for id in (0..64).rev() {
        assert_eq!(host.told(id).0, id.to_string());
    }
    host.end();
}

#[test]
fn an_unknown_tool_is_an_error_that_names_the_nearest() {
    let mut host = Host::start(options(Some(&nowhere()), None));
    host.call(1, "chta", "{}");
    let error = &host.hear()["error"];
    assert_eq!(
        (&error["code"], &error["message"]),
        (&(-32602).into(), &"Unknown tool: chta; did you mean chat?".into())
    );
    host.end();
}

#[test]
fn wrong_settings_are_told_in_every_call_and_handshakes_go_on() {
    let mut options = options(Some(&nowhere()), None);
    for setting in ["EXAI_HOLD", "EXAI_WS_PORT"] {
        options.loaded.errors.push(exai_settings::Problem {
            origin: exai_settings::Origin::Environment,
            setting: Some(setting.to_owned()),
            found: Some("soon".to_owned()),
            message: "a number is needed".to_owned(),
        });
    }
    let mut host = Host::start(options);
    host.say(INITIALIZE);
    assert!(host.hear()["result"].is_object());
    for id in [1, 2] {
        host.call(id, "status", "{}");
        let (text, is_error) = host.told(id);
        assert!(is_error && text.contains("EXAI_HOLD") && text.contains("EXAI_WS_PORT"), "{text}");
    }
    host.end();
}

#[test]
fn files_are_read_here_and_a_missing_one_is_told_without_asking_the_daemon() {
    let daemon = Daemon::listen();
    let project = tempfile::tempdir().unwrap();
    let file = project.path().join("notes.txt");
    std::fs::write(&file, "first line").unwrap();
    let mut options = options(Some(&daemon.url()), None);
    options.loaded.settings.shim.file_roots = vec![project.path().to_owned()];
    let mut host = Host::start(options);

    let missing = project.path().join("missing.txt");
    host.call(1, "chat", &format!(r#"{{"files":[{missing:?}]}}"#));
    let (text, is_error) = host.told(1);
    assert!(is_error && text.contains("missing.txt"), "{text}");

    host.call(2, "chat", &format!(r#"{{"files":[{file:?}]}}"#));
    let mut conn = daemon.welcome();
    let (call_id, params) = conn.call();
    assert_eq!(params["arguments"]["files"][0]["text"], "first line");
    conn.result(call_id, "read");
    assert_eq!(host.told(2).0, "read");
    host.end();
}

#[test]
fn files_on_a_disk_that_hangs_are_waited_for_no_longer_than_the_call_may_take() {
    let mut options = options(Some(&nowhere()), None);
    options.loaded.settings.calls.timeout = std::time::Duration::from_millis(300);
    let (mut host, stdout) = Host::start_with(options, |_, _, _| {
        loop {
            std::thread::park();
        }
    });
    host.read(stdout);
    for id in 0..10 {
        host.call(id, "chat", r#"{"files":["/mnt/hung"]}"#);
    }
    host.say(r#"{"jsonrpc":"2.0","id":10,"method":"ping"}"#);
    assert_eq!(host.hear()["id"], 10);
    for id in 0..10 {
        let (text, is_error) = host.told(id);
        assert!(is_error && text.starts_with("Not run: reading the files did not end"), "{text}");
    }
    host.end();
}

#[test]
fn a_cancelled_call_is_cancelled_in_the_daemon_and_never_answered() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    host.say(
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"user"}}"#,
    );
    assert!(
        matches!(conn.next(), ShimFrame::Cancel(cancel) if cancel.call_id == call_id && cancel.reason == "user")
    );
    conn.result(call_id, "too late");
    host.say(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(host.hear()["id"], 2);
    host.end();
}

#[test]
fn a_cancel_for_a_timeout_leaves_the_call_to_be_collected() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    host.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"Request timed out"}}"#);
    assert!(matches!(conn.next(), ShimFrame::Detach(detach) if detach.call_id == call_id));

    host.call(2, "collect", &format!(r#"{{"call_id":"{call_id}"}}"#));
    assert!(matches!(conn.next(), ShimFrame::Attach(attach) if attach.call_id == call_id));
    conn.result(call_id, "here it is");
    assert_eq!(host.told(2), ("here it is".to_owned(), false));
    host.end();
}

#[test]
fn collecting_an_open_call_answers_both_and_a_malformed_id_is_told() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    host.call(2, "collect", &format!(r#"{{"call_id":"{call_id}","wait_s":30}}"#));
    host.call(3, "collect", r#"{"call_id":"latest"}"#);
    let (text, is_error) = host.told(3);
    assert!(is_error && text.contains("32 hexadecimal digits"), "{text}");
    conn.result(call_id, "for both");
    assert_eq!(host.told(1).0, "for both");
    assert_eq!(host.told(2).0, "for both");
    host.end();
}

#[test]
fn an_overlong_line_is_answered_with_its_id_and_the_next_one_is_read() {
    let mut host = Host::start(options(Some(&nowhere()), None));
    let long = "x".repeat(exai_wire::LINE_BYTES_MAX);
    host.say(&format!(r#"{{"jsonrpc":"2.0","id":"long","method":"ping","params":{{"x":"{long}"}}}}"#));
    let line = host.hear();
    assert_eq!(line["id"], "long");
    assert!(line["error"].is_object());
    host.say(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(host.hear()["id"], 2);
    host.end();
}

#[test]
fn a_host_that_does_not_read_is_waited_for_within_bounds() {
    // 132 MiB: twice what may wait, because the socket's own buffers take dozens of megabytes out of sight.
    const CALLS: u32 = 22;
    let daemon = Daemon::listen();
    let (mut host, stdout) = Host::start_unread(options(Some(&daemon.url()), None));
    for id in 0..CALLS {
        host.call(id, "chat", "{}");
    }
    let mut conn = daemon.welcome();
    let calls: Vec<_> = (0..CALLS).map(|_| conn.call().0).collect();
    let megabytes = "x".repeat(6 << 20);
    for call_id in &calls {
        conn.result(*call_id, &megabytes);
    }
    host.read(stdout);
    let (mut whole, mut kept) = (0, Vec::<exai_wire::CallId>::new());
    for id in 0..CALLS {
        conn.beat();
        match host.told(id) {
            (text, false) => whole += usize::from(text.len() == megabytes.len()),
            (text, true) => kept.extend(calls.iter().filter(|call_id| text.contains(&call_id.to_string()))),
        }
    }
    assert!(
        whole >= 10 && !kept.is_empty() && whole + kept.len() == usize::try_from(CALLS).unwrap(),
        "{whole} whole, {kept:?} kept"
    );
    // What was not delivered is not acknowledged, and can be collected.
    let call_id = kept[0];
    host.call(100, "collect", &format!(r#"{{"call_id":"{call_id}"}}"#));
    loop {
        match conn.next() {
            ShimFrame::Ack(ids) => assert!(!ids.contains(&call_id)),
            ShimFrame::Attach(attach) => break assert_eq!(attach.call_id, call_id),
            other => panic!("{other:?}"),
        }
    }
    conn.result(call_id, "collected");
    assert_eq!(host.told(100).0, "collected");
    host.end();
}

#[test]
fn a_result_of_the_daemon_passes_byte_for_byte() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    let body = raw(
        r#"{"content":[{"type":"text","text":"\u00e9 1.50"}],"isError":false,"_meta":{"dev.exai/n":1.50}}"#,
    );
    let outcome = exai_wire::Outcome::Ok;
    let frame = exai_wire::ResultFrame { call_id, attempt: 1, outcome, body, replayed: false };
    conn.send(&exai_wire::DaemonFrame::Result(frame));
    let line = host.hear();
    assert_eq!(line["result"]["content"][0]["text"], "é 1.50");
    assert_eq!(line["result"]["_meta"]["dev.exai/n"].to_string(), "1.5");
    host.end();
}

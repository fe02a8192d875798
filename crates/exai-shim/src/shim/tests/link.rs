//! Losing the daemon, finding it, starting it.

use std::io::Read as _;
use std::time::Duration;

use exai_wire::ShimFrame;

use super::world::{Daemon, Host, TOKEN, nowhere, options};
use crate::tls;

#[test]
fn a_lost_connection_is_a_pause_and_nothing_else() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    conn.accepted(call_id);
    drop(conn);
    let (mut conn, hello) = daemon.accept();
    assert_eq!(hello.open.iter().map(|open| open.call_id).collect::<Vec<_>>(), [call_id]);
    conn.welcome(&hello, "1.2.3", "built in");
    conn.result(call_id, "kept");
    assert_eq!(host.told(1).0, "kept");
    host.end();
}

#[test]
fn a_call_waits_for_a_daemon_that_starts_late() {
    let daemon = Daemon::listen();
    let url = daemon.url();
    let address = url.trim_start_matches("ws://").trim_end_matches('/').to_owned();
    drop(daemon);
    let mut host = Host::start(options(Some(&url), None));
    host.call(1, "chat", "{}");
    host.say(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(host.hear()["id"], 2);
    let daemon = Daemon::listen_at(&address);
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    conn.result(call_id, "at last");
    assert_eq!(host.told(1).0, "at last");
    host.end();
}

#[test]
fn a_refused_token_answers_at_once_with_what_to_do() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    daemon.answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 19\r\n\r\nThe token is wrong.");
    let (text, is_error) = host.told(1);
    assert!(is_error && text.contains("The token is wrong.") && text.contains("EXAI_WS_TOKEN"), "{text}");
    assert!(!text.contains(TOKEN));
    host.end();
}

#[test]
fn a_daemon_out_of_reach_is_told_after_the_hold() {
    let url = nowhere();
    let mut options = options(Some(&url), None);
    options.loaded.settings.calls.hold = Duration::from_millis(200);
    let mut host = Host::start(options);
    host.call(1, "chat", "{}");
    let (text, is_error) = host.told(1);
    assert!(
        is_error && text.contains("refused") && text.contains("127.0.0.1:") && text.contains("`exai daemon`"),
        "{text}"
    );
    host.end();
}

/// Nobody accepts; the operating system takes the connection all the same, as for a process that is stopped.
#[test]
fn a_daemon_that_takes_connections_and_says_nothing_is_told_as_that() {
    let daemon = Daemon::listen();
    let mut options = options(Some(&daemon.url()), None);
    options.loaded.settings.calls.hold = Duration::from_millis(3_500);
    options.loaded.settings.calls.timeout = Duration::from_millis(3_400);
    let mut host = Host::start(options);
    host.call(1, "chat", "{}");
    let (text, is_error) = host.told(1);
    let address = daemon.url().trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let told = format!("The daemon at {address} takes connections but says nothing");
    assert!(is_error && text.contains(&told) && text.contains("Restart it there"), "{text}");
    assert!(!text.contains("`exai daemon`"), "beside it none can be started: {text}");
    host.end();
}

#[test]
fn status_is_answered_by_the_shim_when_no_daemon_is() {
    let url = nowhere();
    let mut host = Host::start(options(Some(&url), None));
    host.call(1, "status", "{}");
    let (text, is_error) = host.told(1);
    assert!(
        !is_error && text.contains("1.2.3") && text.contains("out of reach") && text.contains("refused"),
        "{text}"
    );
    host.end();
}

#[test]
fn a_probe_that_never_calls_dials_nobody() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(host.hear()["id"], 1);
    host.end();
    assert!(!daemon.has_waiting());
}

#[test]
fn the_local_daemon_is_dialled_where_its_file_says_and_an_older_one_asked_to_make_room() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen();
    daemon.write_endpoint(state.path());
    let mut host = Host::start(options(None, Some(state.path())));
    host.call(1, "chat", "{}");
    let (mut conn, hello) = daemon.accept();
    conn.welcome(&hello, "1.2.2", "built in");
    let (call_id, _) = conn.call();
    conn.result(call_id, "old but good");
    assert_eq!(host.told(1).0, "old but good");
    let health = daemon.answer_http("{\"in_flight\":0}");
    assert!(health.starts_with("GET /health/ready"), "{health}");
    let stop = daemon.answer_http("{}");
    assert!(stop.starts_with("POST /stop") && stop.contains(&format!("Bearer {TOKEN}")), "{stop}");
    host.end();
}

#[cfg(unix)]
#[test]
fn a_call_starts_the_local_daemon_and_one_that_fails_to_start_is_told() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen();
    let (dir, url) = (state.path().display(), daemon.url());
    let script = format!(
        "[ \"$*\" = 'daemon --local' ] || exit 1\nif [ -e {dir}/broken ]; then exit 9; fi\n\
         echo '{{\"url\":\"{url}\",\"token\":\"{TOKEN}\",\"version\":\"1.2.3\",\"epoch\":1,\"pid\":1}}' > {dir}/new\n\
         mv {dir}/new {dir}/endpoint.json"
    );
    let exe = crate::autostart::program(state.path(), "exai", &script);
    let mut options = options(None, Some(state.path()));
    options.exe = Some(exe);
    options.loaded.settings.connection.autostart = exai_settings::Autostart::Auto;
    options.loaded.settings.calls.hold = Duration::from_secs(2);

    let mut host = Host::start(options.clone());
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    conn.result(call_id, "started");
    assert_eq!(host.told(1).0, "started");
    host.end();

    std::fs::remove_file(state.path().join("endpoint.json")).unwrap();
    std::fs::write(state.path().join("broken"), "").unwrap();
    let mut host = Host::start(options);
    host.call(1, "chat", "{}");
    let (text, is_error) = host.told(1);
    assert!(is_error && text.contains("exit status: 9"), "{text}");
    host.end();
}

#[test]
fn a_large_frame_is_read_whole_and_bye_is_said() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", &format!(r#"{{"prompt":"{}"}}"#, "x".repeat(8 << 20)));
    let mut conn = daemon.welcome();
    let (call_id, params) = conn.call();
    assert_eq!(params["arguments"]["prompt"].as_str().map(str::len), Some(8 << 20));
    conn.result(call_id, &"y".repeat(6 << 20));
    assert_eq!(host.told(1).0.len(), 6 << 20);
    assert!(matches!(conn.next(), ShimFrame::Ack(_)));
    host.end();
    assert!(matches!(conn.next(), ShimFrame::Bye(_)));
}

const WITH_PROGRESS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","arguments":{},"_meta":{"progressToken":"p"}}}"#;

#[test]
fn who_sees_progress_is_told_what_is_waited_for() {
    let url = nowhere();
    let mut host = Host::start(options(Some(&url), None));
    host.say(WITH_PROGRESS);
    let line = host.hear();
    assert_eq!(line["method"], "notifications/progress", "{line}");
    let message = line["params"]["message"].as_str().unwrap();
    assert!(message.starts_with("waiting for the exai daemon at 127.0.0.1:"), "{message}");
    host.end();
}

/// Of a line that hosts show nothing but its head arrives: what to do is in it.
#[test]
fn who_sees_progress_is_told_whole_what_to_do_about_a_daemon_that_says_nothing() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.say(WITH_PROGRESS);
    let told = loop {
        let message = host.hear()["params"]["message"].as_str().unwrap_or_default().to_owned();
        if message.contains("not answer") || message.contains("says nothing") {
            break message;
        }
    };
    assert!(told.ends_with(": restart it there"), "{told}");
    host.end();
}

#[test]
fn a_daemon_that_sends_without_pause_does_not_keep_the_host_waiting() {
    const TEXT: u8 = 1;
    const PING: u8 = 9;
    for (opcode, text) in [(TEXT, r#"{"t":"of a later release"}"#), (PING, "")] {
        let daemon = Daemon::listen();
        let mut host = Host::start(options(Some(&daemon.url()), None));
        host.call(1, "chat", "{}");
        let mut conn = daemon.welcome();
        let (call_id, _) = conn.call();
        // Enough to keep the shim reading until the second flood is there, which comes after the ping.
        conn.flood(opcode, text, 30_000);
        host.say(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
        conn.flood(opcode, text, 200_000);
        conn.result(call_id, "after the flood");
        assert_eq!(host.hear()["id"], 2);
        assert_eq!(host.told(1).0, "after the flood");
        host.end();
    }
}

#[test]
fn a_daemon_behind_tls_is_reached_if_its_private_authority_is_named() {
    let daemon = Daemon::listen_secure();
    let mut options = options(Some(&daemon.url()), None);
    options.loaded.settings.connection.ca = Some(tls::tests::authority());
    let mut host = Host::start(options);
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    conn.result(call_id, "secret");
    assert_eq!(host.told(1).0, "secret");
    host.end();
}

#[test]
fn a_daemon_whose_certificate_nobody_knows_is_told_with_the_setting_to_mend_it() {
    let daemon = Daemon::listen_secure();
    let mut options = options(Some(&daemon.url()), None);
    options.loaded.settings.calls.hold = Duration::from_millis(300);
    let mut host = Host::start(options);
    host.call(1, "chat", "{}");
    let _ = tls::tests::serve(daemon.accept_raw()).read(&mut [0]);
    let (text, is_error) = host.told(1);
    assert!(is_error && text.contains("EXAI_WS_CA"), "{text}");
    host.end();
}

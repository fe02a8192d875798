//! What the port tells without a session.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::world::{Daemon, HANG, secret};

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

#[test]
fn health_is_told_to_anybody() {
    let daemon = Daemon::start();
    assert_eq!(daemon.ask("GET", "/health/live", &[]).0, 200);
    let (status, body) = daemon.ask("GET", "/health/ready", &[]);
    let ready = json(&body);
    assert_eq!(
        (status, ready["state"].as_str(), ready["version"].as_str()),
        (200, Some("ready"), Some("9.8.7"))
    );
    let (status, page) = daemon.ask("GET", "/metrics", &[]);
    assert_eq!(status, 200);
    for line in
        ["exai_state{state=\"ready\"} 1", "exai_sessions 0", "# TYPE exai_calls_started_total counter"]
    {
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
    daemon.stop();
}

#[test]
fn metrics_count_what_happened() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    shim.call(1, r#"{"name":"version"}"#);
    shim.next();
    let (_, page) = daemon.ask("GET", "/metrics", &[]);
    for line in ["exai_sessions 1", "exai_connections 1", "exai_calls_ended_total{outcome=\"ok\"} 1"] {
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
    daemon.stop();
}

#[test]
fn the_rest_is_told_to_those_with_the_token() {
    let daemon = Daemon::start();
    for path in ["/status", "/settings", "/calls", "/calls/abcdef", "/conversations", "/conversations/abcdef"]
    {
        let (status, body) = daemon.ask("GET", path, &[]);
        assert!(status == 401 && body.contains("EXAI_WS_TOKEN"), "{path}: {status} {body}");
    }
    assert_eq!(daemon.ask("POST", "/stop", &["authorization: Bearer wrong"]).0, 401);
    assert_eq!(daemon.ask("DELETE", "/conversations/abcdef", &[]).0, 401);
    let bearer = daemon.bearer();
    let status = json(&daemon.ask("GET", "/status", &[&bearer]).1);
    assert_eq!((status["schema"].as_u64(), status["state"].as_str()), (Some(1), Some("ready")));
    let store = &status["journal_store"];
    assert_eq!(store["kind"], "disk");
    assert!(store["path"].as_str().unwrap().ends_with("journal.db"), "{store}");
    let settings = json(&daemon.ask("GET", "/settings", &[&bearer]).1);
    assert_eq!(settings["EXAI_WS_PORT"].as_str(), Some("0"));
    daemon.stop();
}

#[test]
fn pages_of_browsers_and_plain_requests_are_turned_away() {
    let daemon = Daemon::start();
    let bearer = daemon.bearer();
    let (status, _) = daemon.ask("POST", "/stop", &[&bearer, "origin: https://evil.example"]);
    assert_eq!(status, 403);
    let (status, body) = daemon.ask("GET", "/", &[&bearer]);
    assert!(status == 426 && body.contains("exai daemon"), "{status} {body}");
    daemon.stop();
}

#[test]
fn a_configured_token_is_asked_for_and_written_for_the_owner() {
    let daemon = Daemon::start_with(|options| {
        options.mode = exai_daemon::Mode::ByHand;
        options.settings.connection.port = 0;
        options.settings.connection.token = secret("configured");
    });
    assert_eq!(daemon.token(), "configured");
    assert_eq!(daemon.ask("GET", "/status", &["authorization: Bearer configured"]).0, 200);
    daemon.stop();
}

#[test]
fn a_connection_is_good_for_one_answer() {
    let daemon = Daemon::start();
    let mut stream = TcpStream::connect(daemon.address()).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    let request = format!("GET /health/live HTTP/1.1\r\nhost: {}\r\n\r\n", daemon.address());
    stream.write_all(request.repeat(3).as_bytes()).unwrap();
    let mut answers = Vec::new();
    // It may end with a reset, because not all of it was read.
    let _ = stream.read_to_end(&mut answers);
    let answers = String::from_utf8(answers).unwrap();
    assert!(answers.matches("HTTP/1.1 200").count() <= 1 && !answers.contains("408"), "{answers}");
    daemon.stop();
}

#[test]
fn what_is_kept_is_told_and_what_is_not_is_told_in_a_sentence() {
    let daemon = Daemon::start();
    let bearer = daemon.bearer();
    let ask = |method: &str, path: &str| daemon.ask(method, path, &[&bearer]);
    assert_eq!(json(&ask("GET", "/calls").1), json(r#"{"calls": [], "left_out": 0}"#));
    assert_eq!(json(&ask("GET", "/calls?state=running,kept").1)["left_out"], 0);
    assert_eq!(json(&ask("GET", "/conversations").1), json(r#"{"conversations": [], "left_out": 0}"#));
    for (method, path, status, says) in [
        ("GET", "/calls?state=lost", 400, "`lost` is no state of a call"),
        ("GET", "/calls?states=kept", 400, "`states` is no parameter here; there is `state`"),
        ("GET", "/calls?state=kept&state=running", 400, "`state` is given twice"),
        ("GET", "/calls?kept", 400, "`kept` has no value"),
        ("GET", "/conversations/abcdef?from=two", 400, "`two` is no number of a turn"),
        ("GET", "/conversations/abcdef?from=-1", 400, "`-1` is no number of a turn"),
        ("GET", "/conversations/abcdef?form=2", 400, "`form` is no parameter here; there is `from`"),
        ("GET", "/conversations?from=2", 400, "`from` is no parameter here; there is none"),
        ("GET", "/calls/abcdef?from=2", 400, "`from` is no parameter here; there is none"),
        ("DELETE", "/conversations/abcdef?all=yes", 400, "`all` is no parameter here; there is none"),
        ("GET", "/calls/abcdef", 404, "no call is kept whose id begins with abcdef"),
        ("GET", "/calls/abc", 400, "32 hexadecimal digits"),
        ("GET", "/conversations/abcdef", 404, "no conversation is kept"),
        ("DELETE", "/conversations/abcdef", 404, "no conversation is kept"),
        ("DELETE", "/conversations/..%2f..%2fetc", 400, "32 hexadecimal digits"),
    ] {
        let (code, body) = ask(method, path);
        assert!(code == status && body.contains(says), "{method} {path}: {code} {body}");
    }
    daemon.stop();
}

#[test]
fn a_daemon_whose_journal_cannot_be_used_is_not_ready_and_says_why() {
    let daemon = Daemon::start_with(|options| {
        let dir = options.settings.state.dir.clone().unwrap();
        std::fs::write(dir.join("journal.db"), b"this is something else, and not short either").unwrap();
    });
    let (status, body) = daemon.ask("GET", "/health/ready", &[]);
    let told = json(&body);
    assert_eq!((status, told["state"].as_str()), (503, Some("stalled")), "{body}");
    let why = told["why"].as_str().unwrap();
    assert!(why.contains("journal.db") && why.contains("can't be used"), "{why}");
    let store = json(&daemon.ask("GET", "/status", &[&daemon.bearer()]).1)["journal_store"].clone();
    assert_eq!((store["kind"].as_str(), store["why"].as_str()), (Some("unusable"), Some(why)));
    let id = "0123456789abcdef";
    for path in [
        "/calls".to_owned(),
        format!("/calls/{id}"),
        "/conversations".to_owned(),
        format!("/conversations/{id}"),
    ] {
        assert_eq!(daemon.ask("GET", &path, &[]).0, 401, "{path}: whoever has no token learns nothing");
        let (status, body) = daemon.ask("GET", &path, &[&daemon.bearer()]);
        assert_eq!((status, body.trim()), (503, why), "{path}");
    }
    daemon.stop();
}

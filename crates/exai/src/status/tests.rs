use std::sync::LazyLock;

use exai_sim::process::Port;

use super::*;

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Nobody listens here, and nobody else will meanwhile.
static NOBODY: LazyLock<Port> = LazyLock::new(|| Port::reserve().unwrap());

/// Settings that ask there.
fn silent() -> (Settings, u16) {
    let mut settings = Settings::default();
    settings.connection.address = exai_settings::Address::Configured;
    settings.connection.port = NOBODY.number();
    (settings, NOBODY.number())
}

/// The same with a health file of the daemon there.
fn with_file(dir: &Path, change: impl FnOnce(&mut Value)) -> Settings {
    let (mut settings, port) = silent();
    let mut snapshot = json!({"state": "busy", "written_at": now_ms() - 4_000, "in_flight": 2,
        "address": format!("ws://127.0.0.1:{port}/"), "pid": std::process::id(),
        "oldest_in_flight_ms": 61_500, "counts": {"calls_ok": 7}});
    change(&mut snapshot);
    let file = dir.join("health.json");
    std::fs::write(&file, snapshot.to_string()).unwrap();
    settings.state.health_file = Some(file);
    settings
}

#[test]
fn a_young_health_file_of_a_living_process_is_named_as_the_source_and_is_not_ready() {
    let dir = tempfile::tempdir().unwrap();
    let report = report(&with_file(dir.path(), |_| {})).unwrap();
    assert!(!report.is_ready());
    assert!(matches!(report.source, Source::HealthFile { .. }));
    let page = page(&report);
    assert!(page.starts_with("not answering, but its health file 4."), "{page}");
    assert!(page.contains("ago said busy\n"), "{page}");
    assert!(page.contains("2 in flight, the oldest 61 s"), "{page}");
    assert_eq!(report.json()["source"], "health_file");
    assert_eq!(report.json()["status"]["in_flight"], 2);
}

type Change = fn(&mut Value);

#[test]
fn a_file_that_is_old_or_of_another_daemon_or_of_one_that_has_ended_is_not_believed() {
    let cases: [(&str, Change); 4] = [
        ("`busy` 25 s ago", |file| file["written_at"] = json!(now_ms() - 25_000)),
        ("another daemon, at ws://127.0.0.1:1/", |file| file["address"] = json!("ws://127.0.0.1:1/")),
        ("it ended in order", |file| file["state"] = json!("stopped")),
        ("names no address", |file| file["address"] = Value::Null),
    ];
    for (why, change) in cases {
        let dir = tempfile::tempdir().unwrap();
        let nothing = report(&with_file(dir.path(), change)).unwrap_err();
        assert!(nothing.file.as_ref().unwrap().contains(why), "{why}: {nothing:?}");
        assert!(nothing.daemon.starts_with("unreachable: connection refused at 127.0.0.1:"), "{nothing:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_a_process_that_has_ended_is_not_believed() {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let nothing = report(&with_file(dir.path(), |file| file["pid"] = json!(child.id()))).unwrap_err();
    assert!(nothing.file.as_ref().unwrap().contains("its process has ended"), "{nothing:?}");
}

#[test]
fn a_malformed_or_missing_file_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = with_file(dir.path(), |_| {});
    std::fs::write(dir.path().join("health.json"), "{").unwrap();
    assert!(report(&settings).unwrap_err().file.unwrap().contains("malformed"));
    settings.state.health_file = Some(dir.path().join("gone.json"));
    assert!(report(&settings).unwrap_err().file.unwrap().contains("gone.json"));
}

#[test]
fn states_that_take_no_calls_are_not_ready() {
    for (state, ready) in
        [("ready", true), ("busy", true), ("stalled", false), ("draining", false), ("starting", false)]
    {
        let report = Report::new(Source::Daemon, json!({"state": state}));
        assert_eq!(report.is_ready(), ready, "{state}");
    }
}

#[test]
fn a_snapshot_is_shown_in_words() {
    let providers = json!([
        {"name": "glm", "state": "failing", "in_flight": 1, "max_concurrency": 16, "waiting": 2,
            "last_progress_ms": 300, "last_error": "http_status", "last_error_ms": 200_000,
            "attempts": {"ok": 7, "rate": 2}, "retries_skipped": 2, "spent_nano_usd": 1_230_000_000_u64, "daily_nano_usd": 5_000_000_000_u64,
            "keys": [
                {"model": null, "state": "open", "cause": "auth_dead", "retry_ms": 599_000},
                {"model": "glm-a", "state": "half_open", "cause": "server", "retry_ms": 0, "limit": 3,
                    "in_flight": 1, "waiting": 2, "oldest_ms": 4_000, "last_progress_ms": 300},
                {"model": "glm-b", "state": "closed", "limit": 4, "in_flight": 0, "waiting": 0},
                {"model": "glm-c", "state": "open", "cause": "quota", "left_ms": 18_000_000, "retry_ms": 1_800_000}]},
        {"name": "kimi", "state": "no_key", "attempts": {}, "in_flight": 0, "max_concurrency": 16, "waiting": 0},
        {"name": "mine", "state": "dead", "attempts": {"auth_dead": 1}, "last_error": "auth_dead", "last_error_ms": 3_000}]);
    let snapshot = json!({
        "state": "ready", "version": "0.1.0", "address": "ws://127.0.0.1:8079/", "pid": 12, "epoch": 3,
        "written_at": 1_000_000, "monotonic_ms": 9_000_000, "in_flight": 0, "waiting": 0,
        "last_started_at": 990_000, "last_finished_at": 995_000, "lag_ms": 1, "workers_stuck": 0,
        "sessions": 2, "connections": 3,
        "providers": providers,
        "counts": {"calls_started": 9, "calls_ok": 7, "calls_failed": 1, "calls_aborted": 1, "attempts": 8},
    });
    let text = page(&Report::new(Source::Daemon, snapshot));
    let expected = "ready     exai 0.1.0, at ws://127.0.0.1:8079/, pid 12, up 2 h
calls     0 in flight, last started 10 s ago, last finished 5.0 s ago
hosts     2 sessions, 3 connections
load      work begins 1 ms late
so far    9 calls: 7 answered, 1 failed, 1 broken off; 10 provider requests ended
provider  glm: last attempt failed, 1 of 16 requests running, 2 waiting, last progress 300 ms ago, last error 3 min ago: http_status, \
1.23 of 5.00 USD spent today, UTC, 2 retries left out, too many were retries
          key and address: paused (key refused), asked again in 9 min
          glm-a: paused (server error), one call at a time tries it, 1 of 3 at a time just now, 2 waiting, \
oldest 4.0 s, last progress 300 ms ago
          glm-c: paused (quota used up, said to last another 5 h), asked again in 30 min
provider  kimi: no key set
provider  mine: key or account refused, last error 3.0 s ago: key refused
";
    assert_eq!(text, expected);
}

#[test]
fn work_that_does_not_wait_begins_at_once() {
    let text = page(&Report::new(Source::Daemon, json!({"state": "ready", "lag_ms": 0})));
    assert!(text.contains("\nload      work begins at once\n"), "{text}");
}

#[test]
fn a_setting_that_names_no_model_is_told() {
    let slip = "EXAI_CHAIN: Model `glm-5` is unknown; did you mean glm-5.2?";
    let text = page(&Report::new(Source::Daemon, json!({"state": "ready", "slips": [slip]})));
    assert!(text.contains(&format!("\nsetting   {slip}\n")), "{text}");
}

#[test]
fn what_keeps_a_daemon_from_taking_calls_is_told_once() {
    let why = "new calls wait: the journal is full; free some space";
    let disk = json!({"kind": "disk", "path": "/s/journal.db"});
    let snapshot = json!({"state": "stalled", "why": why, "journal_store": disk});
    let text = page(&Report::new(Source::Daemon, snapshot));
    assert!(text.contains(&format!("\ntrouble   {why}\n")), "{text}");
    let unusable = json!({"kind": "unusable", "path": "/s/journal.db", "why": "it is damaged"});
    let snapshot = json!({"state": "stalled", "why": "it is damaged", "journal_store": unusable});
    let text = page(&Report::new(Source::Daemon, snapshot));
    assert_eq!(text.matches("it is damaged").count(), 1, "{text}");
}

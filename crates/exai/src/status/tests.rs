use serde_json::json;

use super::*;

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Settings of a state directory with this health file and no daemon.
fn with_file(dir: &Path, snapshot: &Value) -> Settings {
    let mut settings = Settings::default();
    settings.state.dir = Some(dir.to_owned());
    let file = dir.join("health.json");
    std::fs::write(&file, snapshot.to_string()).unwrap();
    settings.state.health_file = Some(file);
    settings
}

#[test]
fn a_young_health_file_is_believed_and_named_as_the_source() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = json!({"state": "busy", "written_at": now_ms() - 4_000, "in_flight": 2,
        "oldest_in_flight_ms": 61_500, "counts": {"calls_ok": 7}});
    let report = report(&with_file(dir.path(), &snapshot)).unwrap();
    assert!(report.is_ready());
    assert!(matches!(report.source, Source::HealthFile { .. }));
    let page = page(&report);
    assert!(page.starts_with("busy "), "{page}");
    assert!(page.contains("its health file, 4."), "{page}");
    assert!(page.contains("2 in flight, the oldest 61 s"), "{page}");
    assert_eq!(report.json()["source"], "health_file");
    assert_eq!(report.json()["status"], snapshot);
}

#[test]
fn an_old_health_file_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = json!({"state": "ready", "written_at": now_ms() - 25_000});
    let nothing = report(&with_file(dir.path(), &snapshot)).unwrap_err();
    assert!(nothing.file.contains("`ready` 25 s ago"), "{nothing}");
}

#[test]
fn a_malformed_or_missing_file_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = with_file(dir.path(), &json!({}));
    std::fs::write(dir.path().join("health.json"), "{").unwrap();
    assert!(report(&settings).unwrap_err().file.contains("malformed"));
    settings.state.health_file = Some(dir.path().join("gone.json"));
    assert!(report(&settings).unwrap_err().file.contains("gone.json"));
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
    let snapshot = json!({
        "state": "ready", "version": "0.1.0", "address": "ws://127.0.0.1:8079/", "pid": 12, "epoch": 3,
        "written_at": 1_000_000, "monotonic_ms": 9_000_000, "in_flight": 0, "waiting": 0,
        "last_started_at": 990_000, "last_finished_at": 995_000, "lag_ms": 1, "workers_stuck": 0,
        "sessions": 2, "connections": 3,
        "providers": [
            {"name": "glm", "state": "failing", "in_flight": 1, "max_concurrency": 16, "waiting": 2,
                "last_progress_ms": 300, "last_error": "http_status", "last_error_ms": 200_000},
            {"name": "kimi", "state": "no_key", "in_flight": 0, "max_concurrency": 16, "waiting": 0}],
        "counts": {"calls_started": 9, "calls_ok": 7, "calls_failed": 1, "calls_aborted": 1, "attempts": 11},
    });
    let text = page(&Report::new(Source::Daemon, snapshot));
    let expected = "ready     exai 0.1.0, at ws://127.0.0.1:8079/, pid 12, start 3, up 2 h
calls     0 in flight, last started 10 s ago, last finished 5.0 s ago
sessions  2, 3 connections
work      1 ms late
so far    9 calls: 7 answered, 1 failed, 1 broken off; 11 provider requests
provider  glm: failing, 1 of 16 requests running, 2 waiting, last progress 0.3 s ago, last error http_status 3 min ago
provider  kimi: no key
";
    assert_eq!(text, expected);
}

use std::time::Duration;

use super::DemoReport;

fn good() -> DemoReport {
    DemoReport {
        calls: 3,
        answered_once: 3,
        right: 3,
        pause: Duration::from_millis(1600),
        away: Duration::from_millis(1500),
        ..DemoReport::default()
    }
}

#[test]
fn success_needs_every_call_answered_once_and_right() {
    assert!(good().is_success());
    assert!(!DemoReport::default().is_success());
    assert!(!DemoReport { answered_once: 2, ..good() }.is_success());
    assert!(!DemoReport { right: 2, ..good() }.is_success());
    assert!(!DemoReport { complaints: vec!["progress that does not rise".into()], ..good() }.is_success());
}

#[test]
fn the_summary_tells_both_parts_of_the_pause() {
    let summary = good().summary();
    assert!(summary.contains("1.60 s: 1.50 s without a daemon, 100 ms until"), "{summary}");
}

use std::time::Duration;

use exai_provider::{BreakerState, HealthState, KeyHealth, ProviderHealth};

use super::text;
use crate::daemon_view::DaemonFacts;

fn facts() -> DaemonFacts {
    DaemonFacts {
        version: "1.2.3".to_owned(),
        state: "busy",
        why: None,
        epoch: 7,
        pid: 99,
        uptime: Duration::from_secs(3 * 3600 + 12 * 60),
        sessions: 3,
        in_flight: 2,
        waiting: 1,
        oldest: Some(Duration::from_secs(61)),
        lag: Duration::from_millis(2),
        env_file: None,
    }
}

#[test]
fn what_keeps_the_daemon_from_taking_calls_is_told() {
    let why = "new calls wait: the journal is full; free some space".to_owned();
    let facts = DaemonFacts { state: "stalled", why: Some(why.clone()), ..facts() };
    assert_eq!(text(&facts, &[]).lines().nth(1), Some(why.as_str()));
}

/// A provider of which there is much to tell.
fn glm() -> ProviderHealth {
    ProviderHealth {
        name: "glm".to_owned(),
        state: HealthState::Failing,
        in_flight: 1,
        max_concurrency: 4,
        waiting: 0,
        oldest_ms: Some(1500),
        last_progress_ms: Some(20),
        last_ok_ms: Some(60_000),
        last_error: Some("stall_idle"),
        last_error_ms: Some(5000),
        failures: 2,
        retries_skipped: 3,
        spent_nano_usd: 1_230_000_000,
        daily_nano_usd: Some(5_000_000_000),
        keys: vec![
            KeyHealth::default(),
            KeyHealth {
                model: Some("glm-a".to_owned()),
                state: BreakerState::Open,
                cause: Some("quota"),
                left_ms: Some(18_000_000),
                retry_ms: Some(600_000),
                limit: Some(4),
                ..KeyHealth::default()
            },
            KeyHealth {
                model: Some("glm-b".to_owned()),
                state: BreakerState::HalfOpen,
                cause: Some("server"),
                retry_ms: Some(0),
                limit: Some(2),
                in_flight: 1,
                oldest_ms: Some(1500),
                last_progress_ms: Some(20),
                waiting: 5,
                ..KeyHealth::default()
            },
            KeyHealth { model: Some("glm-c".to_owned()), limit: Some(4), ..KeyHealth::default() },
        ],
        ..ProviderHealth::default()
    }
}

#[test]
fn a_limit_that_is_reached_is_told_as_one() {
    let reached = ProviderHealth { spent_nano_usd: 5_000_000_000, ..glm() };
    let shown = text(&facts(), &[reached]);
    assert!(
        shown.contains("5.00 of 5.00 USD spent today, UTC: what costs is not asked before midnight"),
        "{shown}"
    );
}

#[test]
fn the_text_tells_daemon_load_and_each_provider() {
    let glm = glm();
    let kimi = ProviderHealth {
        name: "kimi".to_owned(),
        state: HealthState::NoKey,
        in_flight: 0,
        oldest_ms: None,
        last_ok_ms: None,
        last_error: None,
        last_error_ms: None,
        failures: 0,
        retries_skipped: 0,
        daily_nano_usd: None,
        keys: vec![KeyHealth {
            state: BreakerState::Open,
            cause: Some("auth_dead"),
            left_ms: Some(1000),
            retry_ms: Some(1000),
            ..KeyHealth::default()
        }],
        ..glm.clone()
    };
    assert_eq!(
        text(&facts(), &[glm, kimi]),
        "exai daemon: busy · version 1.2.3 · up 3 h · pid 99\n\
         calls in flight: 2 (oldest 61 s) · waiting: 1 · sessions: 3 · work begins 2 ms late\n\
         glm: last attempt failed · 1 of 4 requests running, 0 waiting · oldest 1.5 s · last answer 60 s ago · \
         2 failed since, last 5.0 s ago: text stopped coming · 1.23 of 5.00 USD spent today, UTC · \
         3 retries left out, too many were retries\n  \
         glm-a: paused (quota used up, said to last another 5 h), asked again in 10 min\n  \
         glm-b: paused (server error), one call at a time tries it · 1 of 2 at a time just now, 5 waiting · \
         oldest 1.5 s · last progress 20 ms ago\n\
         kimi: no key set\n  \
         key and address: paused (key refused), asked again in 1.0 s"
    );
}

#[test]
fn work_that_does_not_wait_begins_at_once() {
    let text = text(&DaemonFacts { lag: Duration::ZERO, ..facts() }, &[glm()]);
    assert!(text.contains("· work begins at once\n"), "{text}");
}

#[test]
fn without_providers_the_text_says_what_to_set() {
    assert!(text(&facts(), &[]).ends_with("set GLM_API_KEY, KIMI_API_KEY or EXAI_PROVIDERS."));
}

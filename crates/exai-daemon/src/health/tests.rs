use std::time::Duration;

use exai_provider::{BreakerState, HealthState, KeyHealth, ProviderHealth};
use exai_session::Vitals;
use exai_settings::Settings;
use exai_wire::{Epoch, JournalId, StartId};

use super::{Health, Identity, Present};
use crate::snapshot::JournalStore;
use crate::vitals::Reading;

const PRESENT: Present = Present {
    state: "ready",
    in_flight: 0,
    waiting: 0,
    sessions: 0,
    connections: 0,
    reading: Reading { vitals: Vitals { stalled: false, lag_ms: 0 }, workers_stuck: 0 },
};

fn provider() -> ProviderHealth {
    ProviderHealth {
        name: "glm".to_owned(),
        state: HealthState::Ok,
        in_flight: 1,
        max_concurrency: 16,
        waiting: 0,
        oldest_ms: Some(1),
        last_progress_ms: Some(1),
        keys: vec![KeyHealth { model: Some("m".to_owned()), until_ms: Some(1_000), ..KeyHealth::default() }],
        ..ProviderHealth::default()
    }
}

/// The same, and its model is in this state.
fn turned(state: BreakerState, cause: &'static str) -> ProviderHealth {
    let (model, until_ms) = (Some("m".to_owned()), Some(1_000));
    let key = KeyHealth { model, state, cause: Some(cause), until_ms, ..KeyHealth::default() };
    ProviderHealth { keys: vec![key], ..provider() }
}

/// The same, and its model is paused until then, not until 1000.
fn with_end(until_ms: u64) -> ProviderHealth {
    let key = KeyHealth { model: Some("m".to_owned()), until_ms: Some(until_ms), ..KeyHealth::default() };
    ProviderHealth { keys: vec![key], ..provider() }
}

/// Whether the file is written 100 ms after it told of `PRESENT` and `provider()`.
fn is_told(present: Present, provider_now: ProviderHealth) -> bool {
    let journal = JournalId::from_bytes([1; 16]);
    let identity = Identity::new(
        "1".to_owned(),
        (journal, Epoch(1), StartId::from_bytes([2; 16])),
        JournalStore::Memory,
        &Settings::default(),
    );
    let (lines, _worker) = tracing_appender::non_blocking(std::io::sink());
    let mut health = Health::new(identity, None, lines.error_counter());
    let snapshot = health.snapshot(Duration::ZERO, &PRESENT, None, vec![provider()]);
    health.write(Duration::ZERO, &PRESENT, &snapshot);
    health.is_due(Duration::from_millis(100), &present, &[provider_now])
}

#[test]
fn every_change_that_people_would_call_one_is_told_soon() {
    let changes = [
        Present { state: "busy", ..PRESENT },
        Present { in_flight: 1, ..PRESENT },
        Present { waiting: 1, ..PRESENT },
        Present { sessions: 1, ..PRESENT },
        Present { connections: 1, ..PRESENT },
    ];
    for present in changes {
        assert!(is_told(present, provider()), "{present:?}");
    }
    let changes = [
        ProviderHealth { state: HealthState::Dead, ..provider() },
        ProviderHealth { in_flight: 2, ..provider() },
        ProviderHealth { waiting: 1, ..provider() },
        ProviderHealth { last_error: Some("cut"), failures: 1, ..provider() },
        turned(BreakerState::Open, "quota"),
        turned(BreakerState::HalfOpen, "quota"),
        turned(BreakerState::Closed, "server"),
        with_end(2_000),
    ];
    for provider in changes {
        assert!(is_told(PRESENT, provider.clone()), "{provider:?}");
    }
}

#[test]
fn that_time_passes_is_no_change() {
    let older = ProviderHealth { oldest_ms: Some(101), last_progress_ms: Some(101), ..provider() };
    let reading = Reading { vitals: Vitals { stalled: false, lag_ms: 3 }, workers_stuck: 0 };
    assert!(!is_told(Present { reading, ..PRESENT }, older));
}

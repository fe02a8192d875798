use std::time::Duration;

use super::{Gauge, Reading, ThreadCounts};

/// Measures every half second from 0 until `until`; `beat` says when the work runtime last beat, `thread` what its
/// only thread has counted.
fn readings(until: u64, beat: impl Fn(u64) -> u64, thread: impl Fn(u64) -> (u64, u64)) -> Vec<Reading> {
    let mut gauge = Gauge::default();
    let ms = Duration::from_millis;
    let measure = |now: u64| {
        let (busy, parks) = thread(now);
        gauge.measure(ms(now), ms(beat(now)), &[ThreadCounts { busy: ms(busy), parks }])
    };
    (0..=until).step_by(500).map(measure).collect()
}

#[test]
fn a_runtime_that_beats_has_no_lag() {
    let found = readings(60_000, |now| now.saturating_sub(490), |now| (now, now / 100));
    assert!(found.iter().all(|reading| reading.vitals.lag_ms == 0 && !reading.vitals.stalled));
    assert!(found.iter().all(|reading| reading.workers_stuck == 0));
}

#[test]
fn a_runtime_that_stopped_beating_is_stalled_after_five_seconds_of_lag_and_recovers() {
    let found = readings(30_000, |now| if now < 20_000 { now.min(5_000) } else { now }, |now| (now, 1));
    let stalled: Vec<_> =
        (0_u64..).zip(&found).filter(|(_, reading)| reading.vitals.stalled).map(|(n, _)| n * 500).collect();
    assert_eq!(stalled.first(), Some(&11_000));
    assert_eq!(stalled.last(), Some(&19_500));
    assert_eq!(found.get(30).unwrap().vitals.lag_ms, 9_500);
}

#[test]
fn a_thread_that_neither_sleeps_nor_counts_is_stuck_and_one_that_sleeps_is_not() {
    let busy_in_one_place = readings(12_000, |now| now, |now| (now.min(2_000), 4));
    assert_eq!(busy_in_one_place.last().unwrap().workers_stuck, 1);
    let asleep = readings(12_000, |now| now, |_| (77, 5));
    assert_eq!(asleep.last().unwrap().workers_stuck, 0);
}

#[test]
fn a_process_that_was_stopped_accuses_nobody() {
    let mut gauge = Gauge::default();
    let s = Duration::from_secs;
    let counts = [ThreadCounts { busy: s(1), parks: 2 }];
    gauge.measure(s(1), s(1), &counts);
    let thawed = gauge.measure(s(31), s(1), &counts);
    assert_eq!((thawed.vitals.stalled, thawed.vitals.lag_ms, thawed.workers_stuck), (false, 0, 0));
    let soon_after = gauge.measure(s(31) + Duration::from_millis(500), s(1), &counts);
    assert!(!soon_after.vitals.stalled);
}

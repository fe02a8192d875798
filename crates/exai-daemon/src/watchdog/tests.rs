use std::time::Duration;

use super::{ThreadCounts, Tick, Verdict, Watch};

/// Verdicts of ticks with given (tick, io, work).
fn verdicts(ticks: impl IntoIterator<Item = (Tick, u64, u64)>) -> Vec<Verdict> {
    let mut watch = Watch::default();
    ticks.into_iter().map(|(tick, io, work)| watch.tick(tick, io, work, &[])).collect()
}

#[test]
fn an_io_thread_without_progress_is_stuck_after_ten_punctual_ticks() {
    let found = verdicts((0..20).map(|n| (Tick::Punctual, 1, n)));
    // The first tick still sees the progress made before it.
    assert_eq!(found.iter().position(|verdict| *verdict == Verdict::IoStuck), Some(10));
}

#[test]
fn a_late_tick_starts_the_count_anew() {
    let found = verdicts((0..60).map(|n| (if n % 9 == 0 { Tick::Late } else { Tick::Punctual }, 1, 1)));
    assert!(found.iter().all(|verdict| *verdict == Verdict::Fine));
}

#[test]
fn a_busy_work_runtime_gets_two_minutes_and_any_progress_renews_them() {
    let stuck = verdicts((0..130).map(|n| (Tick::Punctual, n, 5)));
    assert_eq!(stuck.iter().position(|verdict| *verdict != Verdict::Fine), Some(120));
    let slow = verdicts((0..1000).map(|n| (Tick::Punctual, n, n / 119)));
    assert!(slow.iter().all(|verdict| *verdict == Verdict::Fine));
}

/// Verdicts of punctual ticks beside two lanes, of which the second has counted this.
fn of_a_lane(ticks: u32, parks: impl Fn(u32) -> u64) -> Vec<Verdict> {
    let mut watch = Watch::default();
    let counts = |parks| ThreadCounts { busy: Duration::from_secs(1), parks };
    let tick = |n: u32| {
        watch.tick(Tick::Punctual, n.into(), n.into(), &[counts(2 * u64::from(n)), counts(parks(n))])
    };
    (1..=ticks).map(tick).collect()
}

#[test]
fn a_providers_thread_that_is_in_one_place_gets_two_minutes() {
    let stuck = of_a_lane(130, |_| 4);
    assert_eq!(stuck.iter().position(|verdict| *verdict != Verdict::Fine), Some(120));
    assert_eq!(stuck.last(), Some(&Verdict::LaneStuck));
    let asleep = of_a_lane(1000, |_| 5);
    let slow = of_a_lane(1000, |n| 2 * u64::from(n / 119));
    assert!(asleep.iter().chain(&slow).all(|verdict| *verdict == Verdict::Fine));
}

use super::{Tick, Verdict, Watch};

/// Verdicts of ticks with given (tick, io, work).
fn verdicts(ticks: impl IntoIterator<Item = (Tick, u64, u64)>) -> Vec<Verdict> {
    let mut watch = Watch::default();
    ticks.into_iter().map(|(tick, io, work)| watch.tick(tick, io, work)).collect()
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

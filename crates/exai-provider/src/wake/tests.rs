use super::*;

const S: Duration = Duration::from_secs(1);
const WALL: Duration = Duration::from_secs(1_782_907_200);

/// Looks so many seconds later on both clocks: length of the sleep, and when it was over.
fn look(now: u32, wall: i64) -> Option<(u64, u64)> {
    let mut watch = Watch::new(100 * S, WALL);
    let by = Duration::from_secs(wall.unsigned_abs());
    let wall = if wall < 0 { WALL - by } else { WALL + by };
    let sleep = watch.look((100 + now) * S, wall)?;
    assert_eq!(sleep.noticed, (100 + now) * S);
    Some((sleep.long.as_secs(), sleep.woke.as_secs()))
}

#[test]
fn clocks_that_go_together_tell_of_no_sleep() {
    for (now, wall) in [(0, 0), (15, 15), (15, 45), (45, 45), (15, 0), (15, -7200), (0, -40)] {
        assert_eq!(look(now, wall), None, "{now} {wall}");
    }
}

#[test]
fn a_wall_clock_that_went_ahead_tells_of_a_sleep_since_the_last_look() {
    assert_eq!(look(15, 46), Some((31, 100)));
    assert_eq!(look(7, 7207), Some((7200, 100)));
}

#[test]
fn a_look_that_came_late_tells_of_a_sleep_that_ends_now() {
    assert_eq!(look(46, 46), Some((31, 146)));
    assert_eq!(look(7215, 7215), Some((7200, 7315)));
    assert_eq!(look(7215, 0), Some((7200, 7315)), "whatever the wall clock shows");
}

#[test]
fn a_sleep_is_told_once_and_small_corrections_add_up_to_none() {
    let mut watch = Watch::new(Duration::ZERO, WALL);
    assert!(watch.look(S, WALL + 7201 * S).is_some());
    assert_eq!(watch.look(2 * S, WALL + 7202 * S), None);
    for n in 3..100 {
        assert_eq!(watch.look(n * S, WALL + (7152 + 25 * n) * S), None);
    }
}

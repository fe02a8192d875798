use super::*;

const SECONDS: [f64; 9] = [0.0, 0.34, 5.04, 12.39, 119.9, 125.0, 7199.5, 20_000.0, 349_200.0];

#[test]
fn what_was_is_told_in_one_unit_and_rounded_down() {
    let shown = SECONDS.map(|seconds| span(Duration::from_secs_f64(seconds)));
    assert_eq!(shown, ["0 ms", "340 ms", "5.0 s", "12 s", "119 s", "2 min", "119 min", "5 h", "4 days"]);
}

#[test]
fn what_is_told_of_a_wait_has_passed_when_it_is_over() {
    let shown = SECONDS.map(|seconds| wait(Duration::from_secs_f64(seconds)));
    assert_eq!(shown, ["0 s", "1 s", "6 s", "13 s", "2 min", "3 min", "2 h", "6 h", "5 days"]);
}

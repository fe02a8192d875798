use std::time::Duration;

use super::span;

#[test]
fn two_units_at_most() {
    let shown =
        [0.34, 12.39, 125.0, 11_520.0, 349_200.0].map(|seconds| span(Duration::from_secs_f64(seconds)));
    assert_eq!(shown, ["340 ms", "12.3 s", "2 min 5 s", "3 h 12 min", "4 d 1 h"]);
}

use super::*;

const WINDOW: Duration = Duration::from_secs(30);

#[test]
fn a_burst_is_cut_and_counted() {
    let mut throttle = Throttle::new(5, WINDOW);
    let at = Duration::from_millis;
    let admitted = (0..100).filter(|&n| throttle.admit(at(n)).is_some()).count();
    assert_eq!(admitted, 5);
    assert_eq!(throttle.admit(WINDOW), Some(95));
    assert_eq!(throttle.admit(WINDOW + at(1)), Some(0));
}

#[test]
fn what_was_left_out_is_told_however_late_the_next_one_comes() {
    let mut throttle = Throttle::new(1, WINDOW);
    assert_eq!(throttle.admit(Duration::ZERO), Some(0));
    assert_eq!(throttle.admit(Duration::ZERO), None);
    assert_eq!(throttle.admit(WINDOW * 9), Some(1));
    assert_eq!(throttle.admit(WINDOW * 10 - Duration::from_millis(1)), None);
}

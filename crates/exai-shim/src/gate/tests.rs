use super::*;

#[test]
fn a_burst_is_cut_and_counted() {
    let mut gate = Gate::default();
    let at = Duration::from_millis;
    let passed = (0..100).filter(|&n| gate.pass(at(n)).is_some()).count();
    assert_eq!(passed, LINES as usize);
    assert_eq!(gate.pass(WINDOW), Some(95));
    assert_eq!(gate.pass(WINDOW + at(1)), Some(0));
}

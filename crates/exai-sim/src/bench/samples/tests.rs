use super::*;

#[test]
fn percentiles_are_samples() {
    let mut samples = Samples::default();
    assert_eq!(samples.median(), Duration::ZERO);
    for n in (1..=40).rev() {
        samples.push(Duration::from_millis(n));
    }
    assert_eq!(samples.median(), Duration::from_millis(20));
    assert_eq!(samples.percentile(99), Duration::from_millis(40));
}

use super::*;

const HELD: Circumstances =
    Circumstances { loopback: true, calls_held: true, outage: Duration::from_secs(3600) };

fn longest(backoff: &mut Backoff, circumstances: Circumstances) -> Duration {
    (0..200).map(|_| backoff.after_failure(circumstances)).max().unwrap()
}

#[test]
fn the_first_dial_after_a_success_comes_within_50_ms() {
    let mut backoff = Backoff::new(7);
    assert!((0..200).all(|_| backoff.after_success() <= Duration::from_millis(50)));
}

#[test]
fn a_held_call_on_loopback_never_waits_more_than_120_ms_for_the_next_dial() {
    assert_eq!(longest(&mut Backoff::new(1), HELD), Duration::from_millis(120));
}

#[test]
fn with_nothing_held_the_pauses_grow_with_the_outage() {
    let idle = |secs| Circumstances { calls_held: false, outage: Duration::from_secs(secs), ..HELD };
    assert_eq!(longest(&mut Backoff::new(2), idle(0)), CAP);
    assert_eq!(longest(&mut Backoff::new(2), idle(61)), Duration::from_secs(5));
    assert_eq!(longest(&mut Backoff::new(2), idle(601)), Duration::from_secs(15));
}

#[test]
fn pauses_are_never_shorter_than_the_base() {
    let mut backoff = Backoff::new(3);
    assert!((0..200).all(|_| backoff.after_failure(HELD) >= BASE));
}

#[test]
fn a_success_resets_the_pause() {
    let mut backoff = Backoff::new(4);
    longest(&mut backoff, Circumstances { loopback: false, ..HELD });
    assert!(backoff.previous > BASE);
    backoff.after_success();
    assert_eq!(backoff.previous, BASE);
}

#[test]
fn a_daemons_numbers_are_taken_within_bounds() {
    let mut backoff = Backoff::new(5);
    backoff.tune(Reconnect { base_ms: 0, cap_ms: 3_600_000 });
    let away = Circumstances { loopback: false, ..HELD };
    assert_eq!(longest(&mut backoff, away), CAP_MAX);
    assert!((0..200).all(|_| backoff.after_failure(away) >= Duration::from_millis(10)));
}

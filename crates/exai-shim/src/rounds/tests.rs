use super::*;

const TIMEOUT: Duration = Duration::from_secs(1200);
const ISSUED: u64 = 1_785_240_000_000;

fn carried(spent: Duration) -> Carried {
    Carried {
        call_id: CallId::from_bytes([1; 16]),
        fingerprint: Fingerprint::from_bytes([2; 16]),
        digest: [3; 16],
        past: Past::default(),
        round: 4,
        spent_ms: u64::try_from(spent.as_millis()).unwrap_or(u64::MAX),
        issued_ms: ISSUED,
    }
}

#[test]
fn the_time_of_a_call_goes_on_over_the_rounds() {
    let turn = Turn::again(&carried(Duration::from_secs(200)), ISSUED + 300, TIMEOUT);
    assert_eq!((turn.rounds, turn.earlier, turn.is_late()), (4, Duration::from_millis(200_300), false));
    let set_back = Turn::again(&carried(Duration::from_secs(200)), ISSUED - 3_600_000, TIMEOUT);
    assert_eq!((set_back.earlier, set_back.is_late()), (Duration::from_secs(200), false));
}

#[test]
fn nothing_is_run_for_who_comes_late() {
    let late = |spent, after_ms| Turn::again(&carried(spent), ISSUED + after_ms, TIMEOUT).is_late();
    assert!(late(Duration::from_secs(1199), 1_000), "past the call's deadline");
    assert!(late(Duration::ZERO, 590_001), "so late that the daemon may have delivered and forgotten it");
    assert!(!late(Duration::ZERO, 590_000));
    assert!(late(Duration::from_millis(u64::MAX), u64::MAX - ISSUED));
}

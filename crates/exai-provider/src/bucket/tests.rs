use super::*;

const S: Duration = Duration::from_secs(1);

/// The moments at which requests of this cost go that all want to go at once.
fn times(per_minute: u32, cost: u32, count: usize) -> Vec<Duration> {
    let mut bucket = Bucket::new(per_minute);
    let mut now = S;
    let go = |_| {
        now = bucket.ready_at(now, 0, cost);
        bucket.take(now, cost);
        now - S
    };
    (0..count).map(go).collect()
}

#[test]
fn no_minute_has_more_than_its_number() {
    for (per_minute, cost) in [(1, 1), (2, 1), (3, 1), (10, 1), (60, 1), (500, 1), (1000, 7), (90_000, 1000)]
    {
        let times = times(per_minute, cost, 1500);
        let most = usize::try_from(per_minute / cost).unwrap();
        for pair in times.windows(most + 1) {
            assert!(pair[most] - pair[0] >= 60 * S, "{per_minute}: {:?}", pair[most] - pair[0]);
        }
    }
}

#[test]
fn a_part_goes_at_once_and_the_rest_evenly() {
    let times = times(8, 1, 4);
    assert_eq!(times[..2], [Duration::ZERO; 2]);
    assert!((8..9).contains(&times[2].as_secs()) && (17..18).contains(&times[3].as_secs()), "{times:?}");
    assert_eq!(self::times(60, 1, 600)[599].as_secs(), 763, "three quarters of the rate, at least");
}

#[test]
fn more_than_a_minute_has_goes_alone_and_is_paid_for_later() {
    let mut bucket = Bucket::new(1000);
    assert_eq!(bucket.ready_at(S, 0, 5000), S);
    bucket.take(S, 5000);
    let next = bucket.ready_at(S, 0, 1);
    assert!(next > 300 * S && next < 420 * S, "{next:?}");
}

#[test]
fn what_was_not_used_is_given_back() {
    let mut bucket = Bucket::new(1000);
    bucket.take(S, 1000);
    let late = bucket.ready_at(S, 0, 100);
    bucket.correct(1000, 100);
    let early = bucket.ready_at(S, 0, 100);
    assert!(early < late && early == S, "{early:?} {late:?}");
    bucket.correct(100, 1000);
    assert_eq!(bucket.ready_at(S, 0, 100), late);
}

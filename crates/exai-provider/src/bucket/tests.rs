use super::*;

const S: Duration = Duration::from_secs(1);

/// The moments at which requests of this cost go that all want to go at once.
fn times(per_minute: u32, cost: u32, count: usize) -> Vec<Duration> {
    let mut bucket = Bucket::new(per_minute);
    let mut now = S;
    let go = |_| {
        now = bucket.ready_at(now, 0, cost);
        let taken = bucket.take(now, cost);
        bucket.settle(taken, cost);
        now - S
    };
    (0..count).map(go).collect()
}

/// The first may be a second longer on its way than the others.
#[test]
fn no_minute_has_more_than_its_number() {
    for (per_minute, cost) in [(1, 1), (2, 1), (3, 1), (10, 1), (60, 1), (500, 1), (1000, 7), (90_000, 1000)]
    {
        let times = times(per_minute, cost, 1500);
        let most = usize::try_from(per_minute / cost).unwrap();
        for pair in times.windows(most + 1) {
            assert!(pair[most] - pair[0] >= 61 * S, "{per_minute}: {:?}", pair[most] - pair[0]);
        }
    }
}

#[test]
fn a_part_goes_at_once_and_the_rest_evenly() {
    let times = times(8, 1, 4);
    assert_eq!(times[..2], [Duration::ZERO; 2]);
    assert!((8..9).contains(&times[2].as_secs()) && (17..18).contains(&times[3].as_secs()), "{times:?}");
    assert_eq!(self::times(60, 1, 600)[599].as_secs(), 775, "three quarters of the rate, at least");
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
    let taken = bucket.take(S, 1000);
    let late = bucket.ready_at(S, 0, 100);
    assert_eq!(bucket.not_before(S, 0, 100), S, "it may turn out to have cost nothing");
    bucket.settle(taken, 100);
    let early = bucket.ready_at(S, 0, 100);
    assert!(early < late && early == S, "{early:?} {late:?}");
    let taken = bucket.take(S, 0);
    bucket.settle(taken, 900);
    assert_eq!(bucket.ready_at(S, 0, 100), late);
}

/// It was paid for long ago: giving it back pays for nobody else's.
#[test]
fn what_is_given_back_late_pays_for_nothing_that_went_since() {
    let mut bucket = Bucket::new(1000);
    let first = bucket.take(S, 1000);
    let second = bucket.take(200 * S, 1000);
    let late = bucket.ready_at(200 * S, 0, 1000);
    assert!(late > 280 * S && late < 282 * S, "{late:?}");
    bucket.settle(first, 0);
    assert_eq!(bucket.ready_at(200 * S, 0, 1000), late);
    bucket.settle(second, 1000);
    assert_eq!((bucket.ready_at(200 * S, 0, 1000), bucket.taken.len()), (late, 1));
}

/// In whatever order it becomes known what they cost, it is as if that had been taken at once.
#[test]
fn the_order_in_which_costs_become_known_does_not_matter() {
    let calls = [(1, 900, 30), (2, 10, 500), (90, 600, 0), (91, 400, 400), (95, 50, 80), (300, 1, 1000)];
    let at = 300 * S;
    let mut known = Bucket::new(1000);
    for (second, _, really) in calls {
        let taken = known.take(S * second, really);
        known.settle(taken, really);
    }
    for turn in 0..calls.len() {
        let mut bucket = Bucket::new(1000);
        let mut open: Vec<_> =
            calls.iter().map(|(second, cost, really)| (bucket.take(S * *second, *cost), *really)).collect();
        open.rotate_left(turn);
        open.swap(1, 4);
        for (n, (taken, really)) in open.into_iter().enumerate() {
            bucket.settle(taken, really);
            assert!(bucket.taken.len() <= 2 * (calls.len() - n - 1) + 1);
        }
        assert_eq!(bucket.ready_at(at, 0, 1), known.ready_at(at, 0, 1), "{turn}");
    }
}

#[test]
fn what_is_owed_is_owed_on_in_another() {
    let mut bucket = Bucket::new(20);
    for _ in 0..5 {
        bucket.take(S, 1);
    }
    let late = bucket.ready_at(3 * S, 0, 1);
    let next = Bucket::owing(20, 1000 * S, bucket.owed(3 * S, false));
    assert_eq!(next.ready_at(1000 * S, 0, 1) - 1000 * S, late - 3 * S);
    assert_eq!(bucket.owed(3 * S, true), Duration::ZERO, "what is open may turn out to have cost nothing");
    assert_eq!(bucket.owed(100 * S, false), Duration::ZERO);
}

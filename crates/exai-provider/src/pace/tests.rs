use super::*;

const S: Duration = Duration::from_secs(1);

fn pace(requests: Option<u32>, tokens: Option<u32>) -> Pace {
    Pace::new(&ProviderConfig {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        ..ProviderConfig::new("p", "http://h")
    })
}

/// Takes it at once, or says when that may be.
fn ask(pace: &mut Pace, now: Duration, tokens: u32) -> Result<(), Duration> {
    let ticket = pace.join(tokens);
    let taken = pace.take(now, ticket).map_err(|early| early.at);
    pace.leave(ticket);
    taken.map(|_| ())
}

#[test]
fn a_large_question_goes_before_the_small_ones_that_came_after_it() {
    let mut pace = pace(None, Some(1000));
    assert_eq!(ask(&mut pace, S, 250), Ok(()));
    let large = pace.join(2000);
    let at = pace.take(S, large).unwrap_err().at;
    let mut second = 1;
    // Each would fit in before it, and put it off by as much.
    while pace.take(S * second, large).is_err() {
        let small = pace.join(10);
        let later = pace.take(S * second, small).unwrap_err().at;
        assert!(later > at, "{later:?}: behind the large one, which goes at {at:?}");
        pace.leave(small);
        second += 1;
        assert!(second < 60, "a large one is passed by for ever");
    }
    assert_eq!(second, u32::try_from(at.as_secs()).unwrap() + 1);
}

#[test]
fn who_gave_up_is_waited_for_no_more() {
    let mut pace = pace(Some(4), None);
    assert_eq!(ask(&mut pace, S, 1), Ok(()));
    let [first, second] = [pace.join(1), pace.join(1)];
    let [at, later] = [first, second].map(|ticket| pace.take(S, ticket).unwrap_err().at);
    assert_eq!((at, later), (16 * S, 31 * S));
    pace.leave(first);
    assert_eq!(pace.take(S, second).unwrap_err().at, 16 * S);
    pace.take(16 * S, second).unwrap();
    pace.leave(second);
    assert!(pace.line.is_empty());
}

#[test]
fn where_nothing_is_set_nobody_waits_for_anybody() {
    let mut pace = pace(None, None);
    let [first, second] = [pace.join(1), pace.join(u32::MAX)];
    pace.take(S, second).unwrap();
    pace.take(S, first).unwrap();
}

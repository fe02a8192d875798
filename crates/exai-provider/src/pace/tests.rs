use super::*;
use crate::memory::tests::Notebook;

const S: Duration = Duration::from_secs(1);

/// What is remembered is rounded to this.
const KEPT_IN: Duration = Duration::from_millis(1);

fn pace(requests: Option<u32>, tokens: Option<u32>) -> Pace {
    remembering(requests, tokens, &Arc::default(), Moment::default())
}

fn remembering(requests: Option<u32>, tokens: Option<u32>, memory: &Arc<Notebook>, at: Moment) -> Pace {
    let config = ProviderConfig {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        ..ProviderConfig::new("p", "http://h")
    };
    Pace::new(&config, Arc::clone(memory) as _, &Recalled::of(&**memory, at.wall), at)
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
    assert_eq!((at, later), (16 * S + S / 4, 31 * S + S / 2));
    pace.leave(first);
    assert_eq!(pace.take(S, second).unwrap_err().at, 16 * S + S / 4);
    pace.take(17 * S, second).unwrap();
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

fn moment(now: Duration, wall: Duration) -> Moment {
    Moment { now, wall }
}

#[test]
fn a_daemon_that_begins_anew_begins_no_new_minute() {
    let memory = Arc::default();
    let begun = |now, wall| remembering(Some(8), None, &memory, moment(now, wall));
    let mut first = begun(S, 500 * S);
    assert_eq!([ask(&mut first, S, 10), ask(&mut first, S, 10)], [Ok(()), Ok(())]);
    let late = ask(&mut first, S, 10).unwrap_err() - S;
    first.remember(moment(S, 500 * S));
    let at = ask(&mut begun(90 * S, 503 * S), 90 * S, 10).unwrap_err() - 90 * S;
    assert!(at.abs_diff(late - 3 * S) <= KEPT_IN, "{at:?}, {late:?}");
    // A clock that was set back makes it no longer.
    let at = ask(&mut begun(90 * S, 100 * S), 90 * S, 10).unwrap_err() - 90 * S;
    assert!(at.abs_diff(late) <= KEPT_IN, "{at:?}, {late:?}");
    assert_eq!(ask(&mut begun(90 * S, 600 * S), 90 * S, 10), Ok(()));
}

#[test]
fn tokens_that_were_needed_are_owed_after_a_restart() {
    let memory = Arc::default();
    let mut first = remembering(None, Some(1000), &memory, moment(S, 500 * S));
    let ticket = first.join(5000);
    let request = first.take(S, ticket).unwrap();
    first.remember(moment(S, 500 * S));
    let under_way = remembering(None, Some(1000), &memory, moment(S, 500 * S));
    assert_eq!(under_way.tokens.unwrap().ready_at(S, 0, 1000), S);
    first.settled(&request, 500);
    first.remember(moment(3 * S, 502 * S));
    let next = remembering(None, Some(1000), &memory, moment(S, 502 * S));
    let owed = next.tokens.unwrap().ready_at(S, 0, 1000);
    let known = first.tokens.unwrap().ready_at(3 * S, 0, 1000);
    assert!((owed - S).abs_diff(known - 3 * S) <= KEPT_IN, "{owed:?}, {known:?}");
    assert!(known > 30 * S, "{known:?}");
}

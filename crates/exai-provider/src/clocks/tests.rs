use super::*;

const S: Duration = Duration::from_secs(1);
const CALL: Duration = Duration::from_secs(1200);

/// A fast model under GLM's default.
fn fast() -> Limits {
    Limits {
        first_event: 120 * S,
        idle: 120 * S,
        stream_timeout: StreamTimeout::Default(300 * S),
        floor_chars: FLOOR_CHARS,
        window: 30 * S,
        thinking_window: 30 * S,
        reserve_at: None,
        deadline: CALL,
    }
}

/// A thinking model under GLM's default.
fn thinking() -> Limits {
    Limits { first_event: 300 * S, idle: 600 * S, thinking_window: 600 * S, ..fast() }
}

/// A model on somebody's own machine, under the default.
fn local() -> Limits {
    Limits { first_event: 900 * S, idle: 300 * S, ..fast() }
}

fn content(chars: usize) -> Progress {
    Progress { chars, content_chars: chars }
}

fn reasoning(chars: usize) -> Progress {
    Progress { chars, content_chars: 0 }
}

/// Feeds arrivals, each of which must come before a clock runs out; then the moment and the clock that ends it.
fn ends(limits: Limits, arrivals: impl IntoIterator<Item = (u32, Progress)>) -> (u64, Expired) {
    let mut clocks = Clocks::new(Duration::ZERO, limits);
    for (at, progress) in arrivals {
        let now = S * at;
        assert_eq!(clocks.check(now), None, "cut before {now:?}");
        clocks.progress(now, progress);
    }
    let at = clocks.next_deadline();
    assert_eq!(clocks.check(at - Duration::from_nanos(1)), None);
    (at.as_secs(), clocks.check(at).unwrap())
}

const FIRST: Expired = Expired::Stall(StallClock::FirstEvent);
const IDLE: Expired = Expired::Stall(StallClock::Idle);
const TRICKLE: Expired = Expired::Stall(StallClock::Trickle);
const RESERVE: Expired = Expired::Stall(StallClock::Reserve);

#[test]
fn silence_from_the_start_ends_at_the_first_event_clock() {
    assert_eq!(ends(fast(), []), (120, FIRST));
    assert_eq!(ends(thinking(), []).0, 300);
}

#[test]
fn what_is_no_text_changes_nothing() {
    assert_eq!(ends(fast(), [(30, content(0)), (60, reasoning(0))]), (120, FIRST));
    assert_eq!(ends(fast(), [(10, content(50)), (60, content(0))]), (130, IDLE));
}

#[test]
fn silence_below_the_idle_clock_is_no_stall() {
    assert_eq!(ends(fast(), [(119, content(50)), (238, content(50))]), (300, TRICKLE));
    assert_eq!(ends(thinking(), [(5, reasoning(50)), (604, reasoning(50))]), (1200, Expired::Deadline));
}

#[test]
fn a_healthy_long_answer_goes_on_to_the_deadline() {
    let every_second = (1..1200).map(|at| (at, content(10)));
    assert_eq!(ends(fast(), every_second), (1200, Expired::Deadline));
    let slow_but_enough = (0..150).map(|n| (n * 8, content(7)));
    assert_eq!(ends(fast(), slow_but_enough), (1200, Expired::Deadline));
}

#[test]
fn a_trickle_ends_at_the_stream_timeout() {
    let one_every_two = (1..150).map(|n| (n * 2, content(1)));
    assert_eq!(ends(fast(), one_every_two), (300, TRICKLE));
}

#[test]
fn the_last_candidates_trickle_goes_on_while_anything_comes() {
    let last = Limits { floor_chars: 1, ..fast() };
    let one_every_two = (1..600).map(|n| (n * 2, content(1)));
    assert_eq!(ends(last, one_every_two), (1200, Expired::Deadline));
    assert_eq!(ends(last, (1..=160).map(|n| (n * 2, content(1)))), (350, TRICKLE), "silence is none");
    assert_eq!(ends(last, [(10, content(1))]), (130, IDLE));
}

#[test]
fn a_window_of_its_own_holds_among_content_too() {
    let patient = Limits { idle: 600 * S, window: 600 * S, thinking_window: 600 * S, ..fast() };
    assert_eq!(ends(patient, [(100, content(50))]), (700, IDLE));
    let both = Limits { reserve_at: Some(900 * S), ..patient };
    assert_eq!(ends(both, [(100, content(50)), (690, content(50))]), (900, RESERVE));
}

#[test]
fn a_stream_that_dries_up_later_ends_a_window_after_its_last_twenty_characters() {
    let mut arrivals: Vec<(u32, Progress)> = (1..=400).map(|at| (at, content(4))).collect();
    assert_eq!(ends(fast(), arrivals.clone()), (426, TRICKLE));
    arrivals.push((410, content(19)));
    assert_eq!(ends(fast(), arrivals.clone()), (430, TRICKLE));
    arrivals.push((429, content(20)));
    assert_eq!(ends(fast(), arrivals), (459, TRICKLE));
}

#[test]
fn a_silence_that_began_before_the_stream_timeout_ends_at_it() {
    assert_eq!(ends(thinking(), [(200, content(100))]), (300, TRICKLE));
    assert_eq!(ends(thinking(), [(280, content(100))]), (310, TRICKLE));
}

#[test]
fn a_thinking_model_keeps_its_pauses_until_content_comes() {
    assert_eq!(ends(thinking(), [(290, reasoning(50))]), (890, IDLE));
    assert_eq!(ends(thinking(), [(290, reasoning(50)), (880, reasoning(50))]), (1200, Expired::Deadline));
    assert_eq!(ends(thinking(), [(290, reasoning(50)), (880, content(50))]), (910, TRICKLE));
}

#[test]
fn reasoning_and_content_fill_the_same_window() {
    assert_eq!(ends(thinking(), [(390 - 100, reasoning(19)), (295, content(1))]), (320, TRICKLE));
}

#[test]
fn a_timeout_that_the_user_set_holds_for_thinking_models_too() {
    let limits =
        Limits { stream_timeout: StreamTimeout::User(60 * S), thinking_window: FLOOR_WINDOW, ..thinking() };
    assert_eq!(ends(limits, []), (60, TRICKLE));
    assert_eq!(ends(limits, [(50, reasoning(100))]), (80, TRICKLE));
    let short = Limits { stream_timeout: StreamTimeout::User(2 * S), ..limits };
    assert_eq!(ends(short, []), (2, TRICKLE));
    let local = Limits { stream_timeout: StreamTimeout::User(60 * S), ..local() };
    assert_eq!(ends(local, []), (60, TRICKLE));
}

#[test]
fn a_local_model_may_load_for_longer_than_the_default_stream_timeout() {
    assert_eq!(ends(local(), []), (900, FIRST));
    let loads_and_answers = (600..1200).map(|at| (at, content(4)));
    assert_eq!(ends(local(), loads_and_answers), (1200, Expired::Deadline));
}

#[test]
fn a_local_model_that_has_begun_must_deliver_like_any_other() {
    assert_eq!(ends(local(), [(600, content(3))]), (630, TRICKLE));
    assert_eq!(ends(local(), [(20, reasoning(3))]), (300, TRICKLE));
    assert_eq!(ends(local(), [(20, reasoning(30)), (290, content(50))]), (320, TRICKLE));
}

#[test]
fn past_the_reserve_only_a_stream_that_delivers_goes_on() {
    let limits = Limits { reserve_at: Some(900 * S), ..thinking() };
    assert_eq!(ends(limits, [(290, reasoning(50)), (880, reasoning(50))]), (910, RESERVE));
    let steady = (1..240).map(|n| (n * 5, content(10)));
    assert_eq!(ends(limits, steady), (1200, Expired::Deadline));
}

#[test]
fn after_a_finish_reason_only_the_end_mark_is_waited_for() {
    let mut clocks = Clocks::new(Duration::ZERO, fast());
    clocks.progress(S, content(3));
    clocks.finished(2 * S);
    clocks.finished(4 * S);
    assert_eq!((clocks.next_deadline(), clocks.check(7 * S)), (7 * S, Some(Expired::Tail)));
    // Not beyond the call's time, which has cut nothing then.
    let mut clocks = Clocks::new(Duration::ZERO, Limits { deadline: 5 * S, ..fast() });
    clocks.progress(S, content(3));
    clocks.finished(2 * S);
    assert_eq!((clocks.next_deadline(), clocks.check(5 * S)), (5 * S, Some(Expired::Tail)));
}

#[test]
fn the_deadline_beats_every_other_clock() {
    let limits = Limits { deadline: 50 * S, ..thinking() };
    assert_eq!(ends(limits, []), (50, Expired::Deadline));
}

#[test]
fn memory_does_not_grow_with_the_stream() {
    let mut clocks = Clocks::new(Duration::ZERO, fast());
    for n in 0..100_000 {
        clocks.progress(Duration::from_millis(n), content(1));
    }
    assert!(clocks.recent.len() <= FLOOR_CHARS, "{}", clocks.recent.len());
}

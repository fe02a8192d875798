use proptest::prelude::*;

use super::*;
use crate::cause::StallClock;

const S: Duration = Duration::from_secs(1);
const WALL: u64 = 1_782_907_200;

fn at(second: u64) -> Moment {
    Moment { now: Duration::from_secs(second), wall: Duration::from_secs(WALL + second) }
}

fn fails(cause: Cause) -> Outcome {
    Outcome::Failed(Fault { cause, after: None, until: None })
}

/// A call that is let in and ends at once.
fn call(breaker: &mut Breaker, second: u64, outcome: Outcome) {
    let ticket = breaker.enter(at(second), Entry::InTime).unwrap();
    breaker.end(ticket, outcome, at(second), 100);
}

/// Opened by five failures at `second`.
fn opened(second: u64) -> Breaker {
    let mut breaker = Breaker::default();
    (0..5).for_each(|_| call(&mut breaker, second, fails(Cause::Server)));
    breaker
}

fn wait(breaker: &Breaker, second: u64) -> Option<u64> {
    breaker.look(at(second)).err().map(|paused| paused.wait.as_secs())
}

#[test]
fn what_opens_it_and_what_does_not() {
    let ok = Outcome::Answered;
    let bad = fails(Cause::Server);
    let half = fails(Cause::EmptyAnswer);
    let repeated = |outcomes: &[Outcome], times| outcomes.repeat(times);
    let never = [Cause::Policy, Cause::Deadline, Cause::Rate, Cause::BadRequest, Cause::ContextOverflow];
    let cases: Vec<(&str, Vec<Outcome>, bool)> = vec![
        ("four in a row", repeated(&[bad], 4), false),
        ("five in a row", repeated(&[bad], 5), true),
        (
            "five that differ",
            [Cause::Cut, Cause::Page, Cause::Malformed].map(fails).repeat(2)[..5].to_vec(),
            true,
        ),
        ("an answer between", [repeated(&[bad], 4), vec![ok], repeated(&[bad], 3)].concat(), false),
        ("half of nine", [repeated(&[bad, ok], 4), vec![bad]].concat(), false),
        ("half of ten", repeated(&[ok, bad], 5), true),
        ("less than half of ten", repeated(&[ok, bad, ok], 4), false),
        ("nine halves", repeated(&[half], 9), false),
        ("ten halves", repeated(&[half], 10), true),
        ("halves count half in the window", repeated(&[ok, half], 10), false),
        ("a dead key", vec![fails(Cause::AuthDead)], true),
        ("a used-up quota", vec![fails(Cause::Quota)], true),
        ("what is nobody's fault", never.map(fails).repeat(9), false),
        ("what tells nothing", repeated(&[Outcome::Nothing], 99), false),
        ("faults of others", repeated(&[Outcome::Reached], 99), false),
    ];
    for (name, outcomes, opens) in cases {
        let mut breaker = Breaker::default();
        for outcome in &outcomes {
            assert!(breaker.look(at(7)).is_ok(), "{name}: too early");
            call(&mut breaker, 7, *outcome);
        }
        assert_eq!(breaker.look(at(7)).is_err(), opens, "{name}");
    }
}

#[test]
fn what_is_older_than_a_minute_is_forgotten_and_what_comes_in_a_row_is_not() {
    let mut breaker = Breaker::default();
    (0..9)
        .for_each(|n| call(&mut breaker, 1, if n % 2 == 0 { fails(Cause::Cut) } else { Outcome::Answered }));
    call(&mut breaker, 70, fails(Cause::Cut));
    assert!(breaker.look(at(70)).is_ok());
    let mut breaker = Breaker::default();
    (0..5).for_each(|n| call(&mut breaker, n * 200, fails(Cause::Stall(StallClock::Idle))));
    assert!(breaker.look(at(800)).is_err());
}

#[test]
fn pauses_double_up_to_two_minutes() {
    let mut breaker = opened(0);
    let mut second = 0;
    for pause in [5, 10, 20, 40, 80, 120, 120] {
        assert_eq!(wait(&breaker, second), Some(pause));
        assert_eq!(breaker.state(at(second)), BreakerState::Open);
        second += pause;
        assert_eq!(breaker.state(at(second)), BreakerState::HalfOpen);
        call(&mut breaker, second, fails(Cause::Server));
    }
}

#[test]
fn a_pause_is_a_fifth_shorter_or_longer_and_as_long_as_the_provider_wishes() {
    for (percent, after, expected) in
        [(80, 0, 4), (120, 0, 6), (100, 60, 60), (100, 2, 5), (100, 86_400, 1800)]
    {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            let ticket = breaker.enter(at(0), Entry::InTime).unwrap();
            let after = Some(Duration::from_secs(after));
            let fault = Fault { cause: Cause::Server, after, until: None };
            breaker.end(ticket, Outcome::Failed(fault), at(0), percent);
        }
        assert_eq!(wait(&breaker, 0), Some(expected));
    }
}

#[test]
fn one_at_a_time_probes_and_two_answers_close_it() {
    let mut breaker = opened(0);
    let first = breaker.enter(at(5), Entry::InTime).unwrap();
    assert!(breaker.enter(at(6), Entry::InTime).unwrap_err().is_probed);
    assert!(breaker.enter(at(6), Entry::Early).is_err(), "not even early");
    breaker.end(first, Outcome::Answered, at(7), 100);
    let second = breaker.enter(at(7), Entry::InTime).unwrap();
    assert!(breaker.enter(at(7), Entry::InTime).is_err());
    breaker.end(second, Outcome::Answered, at(8), 100);
    assert_eq!(breaker.state(at(8)), BreakerState::Closed);
    (0..4).for_each(|_| call(&mut breaker, 8, fails(Cause::Server)));
    assert!(breaker.look(at(8)).is_ok(), "closed, it has forgotten what was before");
    call(&mut breaker, 8, fails(Cause::Server));
    assert_eq!(wait(&breaker, 8), Some(5), "and its pauses begin anew");
}

#[test]
fn a_probe_that_tells_nothing_leaves_its_turn_to_the_next() {
    let mut breaker = opened(0);
    for outcome in [Outcome::Nothing, fails(Cause::Policy), fails(Cause::Rate)] {
        call(&mut breaker, 5, outcome);
        assert_eq!(breaker.state(at(5)), BreakerState::HalfOpen);
    }
    let early = breaker.enter(at(5), Entry::InTime).unwrap();
    breaker.end(early, Outcome::Nothing, at(5), 100);
    let mut breaker = opened(0);
    let early = breaker.enter(at(1), Entry::Early).unwrap();
    breaker.end(early, Outcome::Nothing, at(1), 100);
    assert_eq!(wait(&breaker, 1), Some(4), "the pause goes on");
}

#[test]
fn after_its_first_text_a_probe_lets_another_try_beside_it() {
    let mut breaker = opened(0);
    let first = breaker.enter(at(5), Entry::InTime).unwrap();
    breaker.proved(first);
    let second = breaker.enter(at(5), Entry::InTime).unwrap();
    assert!(breaker.enter(at(5), Entry::InTime).is_err());
    breaker.end(first, fails(Cause::Cut), at(6), 100);
    assert_eq!(wait(&breaker, 6), Some(10), "and counts as a failure where it fails after all");
    breaker.end(second, Outcome::Answered, at(7), 100);
    assert_eq!(wait(&breaker, 7), Some(9), "what began before a pause does not end it");
}

#[test]
fn a_dead_key_is_looked_at_every_ten_minutes_and_a_quota_at_its_end() {
    let mut breaker = Breaker::default();
    call(&mut breaker, 0, fails(Cause::AccountDead));
    assert_eq!(wait(&breaker, 0), Some(600));
    call(&mut breaker, 600, fails(Cause::AccountDead));
    assert_eq!(wait(&breaker, 600), Some(600), "no longer than before");
    for (until, first_look) in
        [(WALL + 300, 300), (WALL + 7200, 1800), (WALL - 5, 900), (WALL + 90 * 86_400, 900)]
    {
        let mut breaker = Breaker::default();
        let fault = Fault { cause: Cause::Quota, after: None, until: Some(Duration::from_secs(until)) };
        call(&mut breaker, 0, Outcome::Failed(fault));
        assert_eq!(wait(&breaker, 0), Some(first_look), "{until}");
    }
}

#[test]
fn that_it_is_reached_ends_a_pause_for_lack_of_a_connection_and_none_for_a_dead_key() {
    let mut breaker = Breaker::default();
    (0..5).for_each(|_| call(&mut breaker, 0, fails(Cause::Connect)));
    (0..2).for_each(|_| call(&mut breaker, 5, Outcome::Reached));
    assert_eq!(breaker.state(at(5)), BreakerState::Closed);
    call(&mut breaker, 5, fails(Cause::AuthDead));
    (0..9).for_each(|_| call(&mut breaker, 605, Outcome::Reached));
    assert_eq!(breaker.state(at(605)), BreakerState::HalfOpen);
}

#[test]
fn a_straggler_lengthens_a_pause_and_never_ends_one() {
    let mut breaker = Breaker::default();
    let tickets: Vec<_> = (0..9).map(|_| breaker.enter(at(0), Entry::InTime).unwrap()).collect();
    tickets[..5].iter().for_each(|ticket| breaker.end(*ticket, fails(Cause::Server), at(1), 100));
    breaker.end(tickets[5], Outcome::Answered, at(1), 100);
    breaker.end(tickets[6], fails(Cause::Server), at(2), 100);
    assert_eq!(wait(&breaker, 2), Some(4));
    breaker.end(tickets[7], fails(Cause::Quota), at(2), 100);
    assert_eq!(wait(&breaker, 2), Some(900));
    breaker.end(tickets[8], fails(Cause::AuthDead), at(2), 100);
    assert_eq!(wait(&breaker, 2), Some(900), "the longer one stays");
}

#[test]
fn a_pause_ends_by_the_clock_that_is_there_first() {
    let breaker = opened(0);
    let slept = Moment { now: S, wall: at(7200).wall };
    assert!(breaker.look(slept).is_ok(), "the machine slept: the monotonic clock stood still");
    let set_back = Moment { now: 6 * S, wall: Duration::from_secs(WALL - 7200) };
    assert!(breaker.look(set_back).is_ok(), "the wall was set back");
}

#[test]
fn an_end_that_was_told_is_kept_over_a_restart_and_counts_are_not() {
    let fault = Fault { cause: Cause::Quota, after: None, until: Some(at(7200).wall) };
    let mut breaker = Breaker::default();
    call(&mut breaker, 0, Outcome::Failed(fault));
    let (cause, until) = breaker.kept().unwrap();
    assert_eq!((cause, until), (Cause::Quota, at(7200).wall));
    let mut restored = Breaker::default();
    restored.restore(cause, until, at(3600));
    assert_eq!(restored.paused(at(3600)).unwrap().until, until);
    let mut over = Breaker::default();
    over.restore(cause, until, at(7201));
    over.restore(Cause::AuthDead, until, at(0));
    assert!(over.look(at(7201)).is_ok());
    assert_eq!(opened(0).kept(), None);
    let mut dead = Breaker::default();
    call(&mut dead, 0, fails(Cause::AuthDead));
    assert_eq!(dead.kept(), None);
}

#[derive(Debug, Clone)]
enum Step {
    Enter(Entry),
    Prove(usize),
    End(usize, Outcome),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        Just(Outcome::Answered),
        Just(Outcome::Reached),
        Just(Outcome::Nothing),
        prop::sample::select(crate::cause::ALL.to_vec()).prop_map(fails),
        Just(fails(Cause::Server)),
    ];
    let step = prop_oneof![
        4 => prop_oneof![Just(Entry::InTime), Just(Entry::Early)].prop_map(Step::Enter),
        1 => any::<usize>().prop_map(Step::Prove),
        4 => (any::<usize>(), outcome).prop_map(|(at, outcome)| Step::End(at, outcome)),
        1 => (0_u64..200).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    /// Never more than one probe without a text; opened by the rule alone, as a plain list of the last minute has it.
    #[test]
    fn in_any_history_one_probes_and_only_the_rule_opens(steps in steps()) {
        let mut breaker = Breaker::default();
        let mut second = 0;
        // Tickets that are out, and whether their text has come; what was counted since it closed last.
        let mut out: Vec<(Ticket, bool)> = Vec::new();
        let mut counted: Vec<(u64, u32)> = Vec::new();
        for step in steps {
            let was_closed = breaker.pause.is_none();
            match step {
                Step::Enter(entry) => {
                    let looked = breaker.look(at(second)).is_ok();
                    match breaker.enter(at(second), entry) {
                        Ok(ticket) => {
                            prop_assert!(looked || entry == Entry::Early);
                            out.push((ticket, false));
                        }
                        Err(paused) => prop_assert!(!looked && (paused.is_probed || entry == Entry::InTime)),
                    }
                }
                Step::Prove(n) if !out.is_empty() => {
                    let n = n % out.len();
                    out[n].1 = true;
                    breaker.proved(out[n].0);
                }
                Step::End(n, outcome) if !out.is_empty() => {
                    let (ticket, _) = out.swap_remove(n % out.len());
                    breaker.end(ticket, outcome, at(second), 100);
                    let halves = match outcome {
                        Outcome::Answered | Outcome::Reached => Some(0),
                        Outcome::Nothing => None,
                        Outcome::Failed(fault) => match fault.cause.weight() {
                            Weight::None => None,
                            Weight::Half => Some(1),
                            Weight::Full => Some(2),
                        },
                    };
                    if was_closed {
                        counted.extend(halves.map(|halves| (second, halves)));
                        let at_once = matches!(outcome, Outcome::Failed(fault)
                            if fault.cause.weight() != Weight::None && fault.cause.opens() != Opens::ByCount);
                        let streak: u32 = counted.iter().rev().map(|(_, halves)| *halves).take_while(|n| *n > 0).sum();
                        let young = counted.iter().filter(|(at, _)| second / 10 - at / 10 < 6);
                        let (all, bad) = young.fold((0, 0), |(all, bad), (_, halves)| (all + 1, bad + halves));
                        let is_bad = halves.is_some_and(|n| n > 0) && (streak >= 10 || (all >= 10 && bad >= all));
                        prop_assert_eq!(breaker.pause.is_some(), at_once || is_bad);
                    } else if breaker.pause.is_none() {
                        prop_assert!(ticket.probes.is_some() && halves == Some(0), "only a probe's answer closes it");
                        counted.clear();
                    }
                }
                Step::Pass(seconds) => second += seconds,
                Step::Prove(_) | Step::End(..) => {}
            }
            let pause = breaker.pause.as_ref().map(|pause| pause.number);
            let unproven = out.iter().filter(|(ticket, proved)| !proved && pause.is_some() && ticket.probes == pause);
            prop_assert!(unproven.count() <= 1);
        }
    }
}

//! The daemon goes and comes back: killed, or told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use exai_sim::process::{HANG, Signal, pace, poll};
use exai_sim::provider::End;
use exai_sim::provider::directive::parse;

use crate::world::{
    PATIENCE, World, assert_orderly, assert_served, assert_whole, chat, chat_now, failure_of, list_models,
    text_of,
};

/// How long a call may take once the daemon listens again: the target is 0.3 s, the pause between two dials while a
/// call is held at most 0.25 s. Somebody who backs off for long is far beyond it.
const SOON: Duration = Duration::from_secs(10);

/// How long calls may go on once a daemon is told to end, by default.
const GRACE: Duration = Duration::from_secs(8);
/// When it has ended, a second before a container's engine would kill it.
const DRAINED_WITHIN: Duration = Duration::from_secs(9);

#[test]
fn a_restart_with_calls_idle_and_in_flight_costs_a_pause_only() {
    let world = World::new();
    let first = world.daemon();
    let (idle, busy) = (world.host(), world.host());
    assert_served(&idle);
    let prompts: Vec<String> =
        (0..3).map(|n| format!("[[sim 1: after=2 stall]] [[sim: chunks=5]] question {n}")).collect();
    let calls: Vec<_> = prompts.iter().map(|prompt| (prompt, chat(&busy, prompt))).collect();
    prompts.iter().for_each(|prompt| world.wait_events(prompt, 1, 2));
    first.kill().unwrap();
    let meanwhile = [list_models(&busy), list_models(&idle)];
    let _second = world.daemon();

    for (prompt, pending) in &calls {
        let answer = busy.wait(pending, HANG).unwrap();
        assert_whole(&answer, prompt, 5);
        assert_eq!((answer.stated_attempts(), world.ended(prompt).len()), (2, 2));
        assert!(text_of(&answer).contains("#1 glm-5.3 (glm) lost when the daemon ended"), "{}", answer.line);
    }
    text_of(&busy.wait(&meanwhile[0], HANG).unwrap());
    text_of(&idle.wait(&meanwhile[1], HANG).unwrap());
    assert_whole(&chat_now(&idle, "still there?"), "still there?", 3);
    assert_orderly(&busy);
    assert_orderly(&idle);
}

#[test]
fn a_kill_while_idle_is_not_noticed_by_the_next_call() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    assert_served(&host);
    first.kill().unwrap();
    pace(Duration::from_secs(2));
    let _second = world.daemon();
    let pending = chat(&host, "next");
    let answer = host.wait(&pending, HANG).unwrap();
    assert_whole(&answer, "next", 3);
    assert!(answer.after < SOON, "{:?}", answer.after);
    assert_eq!(world.requests("next").len(), 1);
    assert_orderly(&host);
}

#[test]
fn a_call_made_while_the_daemon_is_away_sees_progress_and_is_answered_when_it_is_back() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    assert_served(&host);
    first.kill().unwrap();
    let pending = chat(&host, "anybody?");
    let progress = host.wait_progress(&pending, 1, HANG).unwrap();
    let message = progress[0].progress_message().unwrap_or_default().to_owned();
    assert!(message.contains("waiting for the exai daemon at 127.0.0.1:"), "{message}");
    assert!(host.answer(&pending).is_none());
    let _second = world.daemon();
    let ready = host.now();
    let answer = host.wait(&pending, HANG).unwrap();
    assert_whole(&answer, "anybody?", 3);
    assert!(answer.at < ready + SOON, "{:?} after the daemon was ready", answer.at - ready);
    assert_eq!((answer.stated_attempts(), world.requests("anybody?").len()), (1, 1));
    assert_orderly(&host);
}

#[test]
fn f29_a_kill_in_the_middle_of_an_answer_is_told_with_every_request_that_was_paid() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=20 gap=500ms]] a long story";
    let pending = chat(&host, prompt);
    world.wait_events(prompt, 1, 6);
    first.kill().unwrap();
    pace(Duration::from_secs(2));
    let _second = world.daemon();
    let answer = host.wait(&pending, PATIENCE).unwrap();
    assert_whole(&answer, prompt, 20);
    assert_eq!((answer.stated_attempts(), world.ended(prompt).len()), (2, 2));
    assert_eq!(answer.route().unwrap()["attempts_lost"], 1);
    assert!(
        text_of(&answer).contains("2 attempts: #1 glm-5.3 (glm) lost when the daemon ended; #2 glm-5.3"),
        "{}",
        answer.line
    );
    assert!(host.transcript().progress_of(&pending).len() >= 2);
    assert_orderly(&host);
}

#[test]
fn a_daemon_that_is_away_for_40_s_is_found_as_soon_as_it_listens() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    assert_served(&host);
    let prompt = "[[sim 1: after=1 stall]] patience";
    let pending = chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    first.kill().unwrap();
    pace(Duration::from_secs(40));
    assert!(host.transcript().progress_of(&pending).len() >= 6, "progress at least every 5 s, nearly");
    let _second = world.daemon();
    let ready = host.now();
    let answer = host.wait(&pending, HANG).unwrap();
    assert_whole(&answer, prompt, 3);
    assert!(answer.at < ready + SOON, "{:?} after the daemon was ready", answer.at - ready);
    assert_eq!((answer.stated_attempts(), world.ended(prompt).len()), (2, 2));
    assert_orderly(&host);
}

#[test]
fn five_kills_cost_three_requests_at_most_and_leave_one_answer() {
    let world = World::new();
    let host = world.host();
    let prompt = "unlucky";
    // Nothing gets through before the kills are over.
    let luck = Arc::new(AtomicBool::new(false));
    let (turned, stall) = (Arc::clone(&luck), parse("after=2 stall").unwrap());
    world.provider.decide(move |_| (!turned.load(Ordering::SeqCst)).then(|| stall.clone()));
    let pending = chat(&host, prompt);
    for kill in 1..=5 {
        let daemon = world.daemon();
        // Two die with a request on its way, the others as soon as they are ready: before, while or after they take
        // the call.
        if matches!(kill, 1 | 3) {
            let before = world.requests(prompt).len();
            world.provider.wait_for(HANG, |log| log.len() > before).unwrap();
        }
        daemon.kill().unwrap();
    }
    luck.store(true, Ordering::SeqCst);
    let _last = world.daemon();
    let answer = host.wait(&pending, HANG).unwrap();
    let requests = world.ended(prompt).len() as u64;
    assert!((2..=3).contains(&requests), "{requests} requests");
    if answer.is_tool_error() {
        // A daemon that had the call and died may have asked, for all that anybody knows.
        assert!(failure_of(&answer).contains("three attempts"), "{}", answer.line);
    } else {
        assert_whole(&answer, prompt, 3);
        assert_eq!(answer.stated_attempts(), 3);
    }
    assert_orderly(&host);
}

#[test]
fn three_lost_requests_end_the_call_with_a_sentence() {
    let world = World::new();
    let host = world.host();
    let prompt = "[[sim: after=2 stall]] poison";
    let pending = chat(&host, prompt);
    for nth in 1..=3 {
        let daemon = world.daemon();
        world.wait_events(prompt, nth, 2);
        daemon.kill().unwrap();
    }
    let _last = world.daemon();
    let sentence = failure_of(&host.wait(&pending, HANG).unwrap());
    assert!(sentence.contains("three attempts that may have been billed were made"), "{sentence}");
    assert_eq!(world.ended(prompt).len(), 3);
    assert_served(&host);
    assert_orderly(&host);
}

#[test]
fn a_drain_lets_a_call_finish_that_can_and_holds_the_others_for_the_next_daemon() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=6 gap=300ms]] nearly done";
    let running = chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    first.child().signal(Signal::Terminate).unwrap();
    // Before or after the daemon has seen the signal: it asks nobody for it any more.
    let late = chat(&host, "too late for this one");
    let answer = host.wait(&running, HANG).unwrap();
    assert_whole(&answer, prompt, 6);
    assert_eq!((answer.stated_attempts(), world.ended(prompt).len()), (1, 1));
    assert_eq!(first.child().wait(HANG).unwrap().code(), Some(0));
    let _second = world.daemon();
    let answer = host.wait(&late, HANG).unwrap();
    assert_whole(&answer, "too late for this one", 3);
    assert_eq!((answer.stated_attempts(), world.ended("too late for this one").len()), (1, 1));
    assert_orderly(&host);
}

#[test]
fn a_drain_is_over_within_9_s_whatever_runs() {
    for signal in [Signal::Terminate, Signal::Interrupt] {
        let world = World::new();
        let daemon = world.daemon();
        let host = world.host();
        let prompt = "[[sim 1: after=1 stall]] for as long as it takes";
        let pending = chat(&host, prompt);
        world.wait_events(prompt, 1, 1);
        let told = Instant::now();
        daemon.child().signal(signal).unwrap();
        assert_eq!(daemon.child().wait(HANG).unwrap().code(), Some(0), "{signal:?}");
        let took = told.elapsed();
        assert!((GRACE..DRAINED_WITHIN).contains(&took), "{signal:?}: {took:?}");
        let _second = world.daemon();
        assert_whole(&host.wait(&pending, HANG).unwrap(), prompt, 3);
        assert_orderly(&host);
    }
}

#[test]
fn a_second_signal_ends_a_drain_at_once() {
    for (first, second) in [(Signal::Terminate, Signal::Terminate), (Signal::Interrupt, Signal::Interrupt)] {
        let world = World::new();
        let daemon = world.daemon();
        let host = world.host();
        let prompt = "[[sim 1: after=1 stall]] and again";
        let pending = chat(&host, prompt);
        world.wait_events(prompt, 1, 1);
        daemon.child().signal(first).unwrap();
        let drains = || (world.exai.health()?["state"] == "draining").then_some(());
        poll(HANG, drains).expect("it drains");
        let told = Instant::now();
        daemon.child().signal(second).unwrap();
        let code = daemon.child().wait(HANG).unwrap().code();
        let took = told.elapsed();
        assert!(took < GRACE / 2, "{took:?}");
        assert!(matches!(code, Some(130 | 143)), "{code:?}");
        let _second = world.daemon();
        assert_whole(&host.wait(&pending, HANG).unwrap(), prompt, 3);
    }
}

#[test]
fn a_drain_cuts_a_call_that_does_not_finish_and_the_next_daemon_runs_it() {
    let world = World::with(&[("EXAI_DRAIN_GRACE", "1s")]);
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim 1: after=1 stall]] never done";
    let pending = chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    assert_eq!(first.terminate().unwrap().code(), Some(0));
    assert_eq!(world.ended(prompt)[0].ended.unwrap().how, End::ClientClosed);
    assert!(host.answer(&pending).is_none(), "no answer is made up");
    let _second = world.daemon();
    let answer = host.wait(&pending, HANG).unwrap();
    assert_whole(&answer, prompt, 3);
    assert_eq!((answer.stated_attempts(), world.ended(prompt).len()), (2, 2));
    assert_orderly(&host);
}

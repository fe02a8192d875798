//! Modern hosts without a progress token: a call that outlasts their patience goes on over rounds, and is paid once.

use exai_sim::host::{Answer, Host, Progress, Revision};
use exai_sim::process::{HANG, Signal};
use exai_sim::provider::answer_to;
use serde_json::{Value, json};

use crate::gate::Gate;
use crate::world::{World, check};

/// A world whose hosts give up on a call after two seconds of silence.
fn impatient() -> World {
    World::with(&[("EXAI_HOST_TIMEOUT", "2s")])
}

/// One round: the answer, and the state to come back with if the call goes on.
fn ask(host: &Host, prompt: &str, state: Option<&str>) -> (Answer, Option<String>) {
    let mut params = json!({"name": "chat", "arguments": {"prompt": prompt}});
    if let Some(state) = state {
        params["requestState"] = json!(state);
    }
    let answer = host.wait(&host.request("tools/call", params).unwrap(), HANG).unwrap();
    let state = answer.message.pointer("/result/requestState").and_then(Value::as_str).map(str::to_owned);
    assert_eq!(
        state.is_some(),
        answer.message.pointer("/result/resultType") == Some(&json!("input_required"))
    );
    (answer, state)
}

/// The first round of a call that does not end in it; its state.
fn first_round(host: &Host, prompt: &str) -> String {
    ask(host, prompt, None).1.unwrap()
}

/// Comes back until the call has its result; the result, and how many rounds there were.
fn until_answered(host: &Host, prompt: &str, mut state: String) -> (Answer, usize) {
    for round in 1..=9 {
        match ask(host, prompt, Some(&state)) {
            (answer, None) => return (answer, round),
            (_, Some(next)) => state = next,
        }
    }
    panic!("asked to come back more than nine times")
}

fn text(answer: &Answer) -> String {
    assert!(!answer.is_tool_error(), "{}", answer.line);
    answer.text().unwrap()
}

#[test]
fn a_call_goes_on_over_rounds_and_is_paid_once() {
    let world = impatient();
    let gate = Gate::hold(&world.provider);
    let host = world.greeted(Revision::V2026_07_28);
    let state = first_round(&host, "slow");
    let state = ask(&host, "slow", Some(&state)).1.unwrap();
    let state = ask(&host, "slow", Some(&state)).1.unwrap();
    gate.let_go("slow");
    let (answer, _) = until_answered(&host, "slow", state);
    assert!(text(&answer).starts_with(&answer_to("slow", 3)));
    assert_eq!(world.provider.requests().len(), 1);
    check(&host);
}

#[test]
fn a_daemon_that_is_killed_between_rounds_costs_a_stated_attempt() {
    let mut world = impatient();
    let host = world.greeted(Revision::V2026_07_28);
    let prompt = "[[sim 1: stall after=2]] between rounds";
    let state = first_round(&host, prompt);
    world.daemon.kill().unwrap();
    let state = ask(&host, prompt, Some(&state)).1.expect("no daemon, so it goes on");
    world.daemon = world.exai.daemon().unwrap();
    let (answer, _) = until_answered(&host, prompt, state);
    assert!(text(&answer).starts_with(&answer_to(prompt, 3)), "{}", answer.line);
    assert_eq!(world.provider.requests().len(), 2);
    check(&host);
}

#[test]
fn the_next_shim_goes_on_where_a_killed_one_was() {
    let world = impatient();
    let gate = Gate::hold(&world.provider);
    let killed = world.greeted(Revision::V2026_07_28);
    let state = first_round(&killed, "slow");
    killed.signal(Signal::Kill).unwrap();
    killed.wait_exit(HANG).unwrap();

    let next = world.greeted(Revision::V2026_07_28);
    let state = ask(&next, "slow", Some(&state)).1.unwrap();
    gate.let_go("slow");
    let (answer, _) = until_answered(&next, "slow", state);
    assert!(text(&answer).starts_with(&answer_to("slow", 3)));
    assert_eq!(world.provider.requests().len(), 1);
    check(&next);
}

#[test]
fn with_nothing_left_but_what_the_host_carries_the_call_is_counted_on() {
    let mut world = impatient();
    let killed = world.greeted(Revision::V2026_07_28);
    let prompt = "[[sim 1: stall after=2]] all gone";
    let state = first_round(&killed, prompt);
    killed.signal(Signal::Kill).unwrap();
    world.daemon.kill().unwrap();
    world.daemon = world.exai.daemon().unwrap();

    let next = world.greeted(Revision::V2026_07_28);
    let (answer, _) = until_answered(&next, prompt, state);
    assert!(text(&answer).starts_with(&answer_to(prompt, 3)), "{}", answer.line);
    assert_eq!((answer.stated_attempts(), world.provider.requests().len()), (2, 2), "{}", answer.line);
    check(&next);
}

#[test]
fn a_forged_state_or_another_question_is_an_error_and_asks_no_model() {
    let world = impatient();
    let gate = Gate::hold(&world.provider);
    let host = world.greeted(Revision::V2026_07_28);
    let state = first_round(&host, "slow");
    let last = if state.ends_with('0') { "1" } else { "0" };
    let mut forged = state.clone();
    forged.replace_range(state.len() - 1.., last);
    for (prompt, state) in [("slow", forged.as_str()), ("slow", "AAAA"), ("another", state.as_str())] {
        let (answer, _) = ask(&host, prompt, Some(state));
        assert_eq!(answer.error_code(), Some(-32602), "{}", answer.line);
    }
    gate.let_go("slow");
    gate.let_go("another");
    let (answer, _) = until_answered(&host, "slow", state.clone());
    // The same state once more gets the same answer, as long as that is kept.
    let (again, _) = until_answered(&host, "slow", state);
    assert_eq!(text(&answer), text(&again));
    assert_eq!(world.provider.requests().len(), 1);
    check(&host);
}

#[test]
fn hosts_of_older_revisions_are_told_how_to_collect_and_tokens_keep_calls_open() {
    let world = impatient();
    let gate = Gate::hold(&world.provider);
    for revision in [Revision::V2024_11_05, Revision::V2025_11_25] {
        let host = world.greeted(revision);
        let prompt = format!("slow {}", revision.text());
        let sentence = text(&host.ask("chat", json!({"prompt": prompt})).unwrap());
        assert!(sentence.contains("`collect`"), "{sentence}");
        check(&host);
    }
    let host = world.greeted(Revision::V2026_07_28);
    let patient = host.call("chat", json!({"prompt": "patient"}), Progress::Wanted).unwrap();
    host.wait_progress(&patient, 1, HANG).unwrap();
    gate.let_go("patient");
    assert!(text(&host.wait(&patient, HANG).unwrap()).starts_with(&answer_to("patient", 3)));
    check(&host);
}

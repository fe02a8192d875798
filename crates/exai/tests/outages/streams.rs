//! Providers that hang, trickle, are slow, are full, or fail.

use std::time::Duration;

use exai_sim::host::{Progress, Revision};
use exai_sim::process::HANG;
use exai_sim::provider::{End, answer_to};
use serde_json::json;

use crate::world::{
    PATIENCE, World, assert_orderly, assert_served, assert_whole, chat, chat_now, failure_of, text_of,
};

/// The one that hangs is GLM, whose answer would begin with so few characters that it counts as trickling.
const HUNG: &str = "[[sim glm: text=\"a mere start\" after=1 stall]] why?";

#[test]
fn a_hung_stream_is_cut_and_answered_by_the_fallback_which_says_so() {
    let world = World::with(&[("GLM_STREAM_TIMEOUT", "2s")]);
    let _daemon = world.daemon();
    let host = world.host();
    let answer = host.wait(&chat(&host, HUNG), PATIENCE).unwrap();
    assert_whole(&answer, HUNG, 3);
    assert!(answer.after >= Duration::from_secs(2), "cut after {:?}", answer.after);

    let text = answer.text().unwrap();
    for word in
        ["Note: answered by kimi-", "not by glm-5.3", "#1 glm-5.3 (glm) text came too slowly", "#2 kimi-"]
    {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
    let attempts = answer.route().unwrap()["attempts"].clone();
    let told = |n: usize| (attempts[n]["provider"].clone(), attempts[n]["cause"].clone());
    assert_eq!(told(0), ("glm".into(), "stall_trickle".into()));
    assert_eq!(told(1), ("kimi".into(), "ok".into()));

    let requests = world.ended(HUNG);
    let ends: Vec<_> = requests.iter().map(|r| (r.provider.as_str(), r.ended.unwrap().how)).collect();
    assert_eq!(ends, [("glm", End::ClientClosed), ("kimi", End::Completed)]);
    assert_orderly(&host);
}

#[test]
fn a_stalled_stream_costs_two_requests_and_nobody_else_anything() {
    // 30 characters came within the last 30 s, so the stream is cut 30 s after them.
    let world = World::with(&[("GLM_STREAM_TIMEOUT", "5s")]);
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim glm: after=1 stall]] why?";
    let stalled = chat(&host, prompt);
    world.wait_events(prompt, 1, 1);

    for n in 0..9 {
        let newcomer = world.host();
        let other = format!("newcomer {n}");
        assert_whole(&chat_now(&newcomer, &other), &other, 3);
        assert_orderly(&newcomer);
    }
    assert_served(&host);
    assert!(world.requests(prompt)[0].is_open(), "nine shims took longer than the stall");

    let answer = host.wait(&stalled, PATIENCE).unwrap();
    assert_whole(&answer, prompt, 3);
    assert_eq!((answer.stated_attempts(), world.ended(prompt).len()), (2, 2));
    assert_orderly(&host);
}

#[test]
fn a_healthy_slow_stream_outlives_the_stream_timeout() {
    let world = World::with(&[("GLM_STREAM_TIMEOUT", "5s")]);
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=20 gap=1s]] slowly";
    let answer = host.wait(&chat(&host, prompt), PATIENCE).unwrap();
    assert_whole(&answer, prompt, 20);
    assert!(answer.after >= Duration::from_secs(19), "{:?}", answer.after);
    let requests = world.ended(prompt);
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].provider.as_str(), requests[0].ended.unwrap().how), ("glm", End::Completed));
    assert_eq!(answer.stated_attempts(), 1);
}

#[test]
fn a_provider_that_thinks_for_12_s_is_waited_for_and_the_session_goes_on() {
    let world = World::new();
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: delay=12s]] think";
    let pending = chat(&host, prompt);
    assert!(!host.wait_progress(&pending, 2, HANG).unwrap().is_empty());
    assert_whole(&host.wait(&pending, PATIENCE).unwrap(), prompt, 3);
    assert_whole(&chat_now(&host, "and now?"), "and now?", 3);
    assert_eq!(world.provider.requests().len(), 2);
    assert_orderly(&host);
}

#[test]
fn a_full_provider_is_waited_for_and_a_repeated_question_is_asked_again() {
    let world = World::with(&[("GLM_MAX_CONCURRENCY", "1"), ("EXAI_FALLBACK", "off")]);
    let _daemon = world.daemon();
    let host = world.host();
    let (first, second) = ("[[sim: after=1 pause=3s]] first", "second");
    let running = chat(&host, first);
    world.wait_events(first, 1, 1);
    let waiting = chat(&host, second);
    assert_whole(&host.wait(&waiting, PATIENCE).unwrap(), second, 3);
    assert_whole(&host.wait(&running, PATIENCE).unwrap(), first, 3);
    assert_whole(&chat_now(&host, second), second, 3);

    let (firsts, seconds) = (world.ended(first), world.ended(second));
    assert_eq!((firsts.len(), seconds.len()), (1, 2), "the same question again is a question");
    assert!(seconds[0].at >= firsts[0].ended.unwrap().at, "two at once at a provider that takes one");
    assert_orderly(&host);
}

#[test]
fn a_tool_that_fails_twice_is_a_failure_twice() {
    let world = World::new();
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: status=400 code=1210 message=\"no such thing\"]] fail";
    let sentences = [chat_now(&host, prompt), chat_now(&host, prompt)].map(|answer| failure_of(&answer));
    assert!(sentences[0].contains("no such thing"), "{}", sentences[0]);
    assert_eq!(world.requests(prompt).len(), 2, "an error is never replayed");
    for _ in 0..2 {
        let pending = host.call("chat", json!({}), Progress::Unwanted).unwrap();
        assert!(failure_of(&host.wait(&pending, HANG).unwrap()).contains("prompt"));
    }
    assert_orderly(&host);
}

#[test]
fn a_cancel_closes_the_providers_socket_and_nothing_more_is_said() {
    let world = World::new();
    let _daemon = world.daemon();
    for revision in [Revision::V2025_11_25, Revision::V2026_07_28] {
        let host = world.exai.host().unwrap();
        match revision {
            Revision::V2026_07_28 => drop(host.discover().unwrap()),
            older => drop(host.initialize(older).unwrap()),
        }
        let prompt = format!("[[sim: after=2 stall]] forget it, {}", revision.text());
        let pending = chat(&host, &prompt);
        world.wait_events(&prompt, 1, 2);
        let cancelled = world.provider.now();
        host.cancel(&pending, "the user has lost interest").unwrap();
        let requests = world.ended(&prompt);
        let closed = host.now();
        assert_eq!(requests.len(), 1);
        let end = requests[0].ended.unwrap();
        assert_eq!(end.how, End::ClientClosed);
        assert!(
            end.at < cancelled + crate::world::PROMPT,
            "closed {:?} after the cancel",
            end.at - cancelled
        );

        // By the time that a later call gets its first progress, one for this call would have come as well.
        let later = format!("[[sim: after=1 pause=6s]] something else, {}", revision.text());
        let after = chat(&host, &later);
        host.wait_progress(&after, 1, HANG).unwrap();
        assert!(text_of(&host.wait(&after, HANG).unwrap()).contains("sim answer"));
        host.transcript().check_quiet_after(&pending, closed).unwrap();
        assert!(host.answer(&pending).is_none(), "a cancelled request has no answer");
        assert_orderly(&host);
    }
}

#[test]
fn the_last_attempt_goes_on_from_what_a_cut_stream_has_brought() {
    let world = World::with(&[("EXAI_FALLBACK", "off")]);
    let _daemon = world.daemon();
    let host = world.host();
    // Kimi takes the beginning back as its own; GLM has to be told in a turn.
    for (model, refusal) in [("kimi-k3", "type=server_error"), ("glm-5.3", "code=500")] {
        let prompt = format!(
            "[[sim 1: status=500 {refusal}]][[sim 2: chunks=90 cut=rst after=60]][[sim: chunks=90]] {model}?"
        );
        let answer = host.ask("chat", json!({"prompt": prompt, "model": model})).unwrap();
        assert!(text_of(&answer).starts_with(&answer_to(&prompt, 90)), "{}", answer.line);
        assert!(text_of(&answer).contains(" · continued at character "), "{}", answer.line);
        let requests = world.ended(&prompt);
        let asked: Vec<bool> = requests.iter().map(|request| request.continues() > 0).collect();
        assert_eq!(asked, [false, false, true]);
        let last = requests[2].body["messages"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["partial"] == true, model == "kimi-k3", "{last}");
        assert_eq!(answer.route().unwrap()["continued"][0]["cause"], "cut");
        assert!(requests[2].events <= 31, "only the rest is paid for: {}", requests[2].events);
        // What is joined is what is kept of the conversation, too.
        let next = json!({"prompt": "And?", "conversation": answer.route().unwrap()["conversation"]});
        text_of(&host.ask("chat", next).unwrap());
        let body = world.ended("And?").last().unwrap().body.clone();
        assert_eq!(body["messages"][1]["content"], answer_to(&prompt, 90));
    }
    assert_orderly(&host);
}

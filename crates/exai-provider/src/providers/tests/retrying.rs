//! Which failures are tried again, where, when, and how often.

use std::sync::atomic::Ordering;

use super::world::*;
use crate::*;

fn error(code: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#)
}

/// The attempts that one failure of GLM leads to, with Kimi ready, and their requests.
async fn after(failure: Answer) -> (Vec<String>, Vec<(String, u64)>) {
    let world = World::new(vec![failure.clone(), failure.clone(), failure], vec![says("kimi")]);
    let attempts = match world.ask(None, 1200).await {
        Ok(reply) => reply.attempts,
        Err(failure) => failure.attempts,
    };
    (causes(&attempts), world.requests())
}

#[tokio::test(start_paused = true)]
async fn what_no_retry_helps_goes_to_the_next_at_once() {
    for (code, cause) in [
        ("1113", "account_dead"),
        ("1002", "auth_dead"),
        ("1308", "quota"),
        ("1211", "model_gone"),
        ("1261", "context_overflow"),
    ] {
        let (causes, requests) = after(status(429, &error(code))).await;
        assert_eq!(causes, [format!("glm:{cause}"), "kimi:ok".to_owned()]);
        assert_eq!(requests, [("glm".to_owned(), 0), ("kimi".to_owned(), 0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_callers_fault_goes_nowhere() {
    for (code, cause) in [("1210", "bad_request"), ("1301", "policy")] {
        let (causes, requests) = after(status(400, &error(code))).await;
        assert_eq!((causes, requests.len()), (vec![format!("glm:{cause}")], 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_of_the_only_candidate_is_waited_out() {
    let limited = status(429, &error("1302"));
    let world =
        World::new(vec![limited.clone(), limited.clone(), limited.clone(), limited, says("x")], vec![]);
    let reply = world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!(world.requests().iter().map(|(_, at)| *at).collect::<Vec<_>>(), [0, 2, 7, 22, 52]);
    // Refusals cost nothing: one number served all. Each went out only once it was kept that it might cost something.
    assert_eq!(reply.attempts.iter().map(|one| (one.n, one.billed)).next_back(), Some((1, true)));
    assert_eq!(world.granted(), ["1 glm/glm-fast"; 5]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_tells_how_long_it_still_takes() {
    let limited = status(429, &error("1302"));
    let world = World::new(vec![limited.clone(), limited.clone(), limited, says("x")], vec![]);
    world.ask(Some("glm-fast"), 1200).await.unwrap();
    let notes = world.notes.notes.lock().unwrap();
    let left: Vec<&str> =
        notes.iter().filter_map(|note| note.strip_prefix("glm-fast: rate limit; ")).collect();
    let mut expected: Vec<String> = Vec::new();
    for pause in [2, 5, 15] {
        expected.extend((1..=pause).rev().map(|seconds| format!("again in {seconds} s")));
    }
    assert_eq!(left, expected);
}

#[tokio::test(start_paused = true)]
async fn a_wish_of_ages_ends_the_call_in_a_sentence() {
    for (code, cause) in [("1302", "rate"), ("1308", "quota"), ("500", "server")] {
        let failure = refused(code, "18446744073709551615").await;
        assert_eq!((failure.code(), failure.attempts.len()), (cause, 1), "{}", failure.message);
        assert!(!failure.message.contains("until"), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_over_at_once_has_no_end_that_is_worth_a_word() {
    let failure = refused("1308", "0").await;
    assert!(!failure.message.contains("until"), "{}", failure.message);
}

/// What comes of a refusal with this wish.
async fn refused(code: &str, wish: &'static str) -> Failure {
    let refusal =
        Answer::Head(503, vec![("retry-after", wish)], vec![Do::Send(error(code).into_bytes()), Do::End]);
    World::new(vec![refusal], vec![]).ask(Some("glm-fast"), 1200).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn trouble_of_the_provider_leaves_the_last_attempt_to_the_next() {
    let (causes, requests) = after(status(500, "oops")).await;
    assert_eq!(causes, ["glm:server", "glm:server", "kimi:ok"]);
    assert!(requests[2].1 < 8);
}

#[tokio::test(start_paused = true)]
async fn trouble_that_wants_a_longer_rest_than_our_own_is_left_for_the_next() {
    let trouble = |wish| Answer::Head(503, vec![("retry-after", wish)], vec![Do::End]);
    let (causes, requests) = after(trouble("8")).await;
    assert_eq!(causes, ["glm:server", "glm:server", "kimi:ok"]);
    assert_eq!(requests[1], ("glm".to_owned(), 8));
    let (causes, requests) = after(trouble("9")).await;
    assert_eq!((causes, requests[1].1), (vec!["glm:server".to_owned(), "kimi:ok".to_owned()], 0));
    // Where nobody else is left it is waited for.
    let world = World::new(vec![trouble("9"), says("x")], vec![]);
    world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!(world.requests_at("glm"), [0, 9]);
}

#[tokio::test(start_paused = true)]
async fn each_cause_has_retries_of_its_own() {
    let empty = || stream(vec![finish("stop"), done()]);
    let cut = || stream(vec![content("half"), Do::End]);
    for (second, cause) in [(empty(), "empty_answer"), (cut(), "cut")] {
        let world = World::new(vec![status(500, "oops"), second, says("x")], vec![]);
        let reply = world.ask(Some("glm-fast"), 1200).await.unwrap();
        assert_eq!(
            causes(&reply.attempts),
            ["glm:server".to_owned(), format!("glm:{cause}"), "glm:ok".into()]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn causes_that_take_turns_come_to_an_end() {
    let limited = || status(429, &error("1302"));
    let script = vec![Answer::Refused, limited(), Answer::Refused, limited(), Answer::Refused];
    let world = World::new(script, vec![]);
    let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("connect", 5));
}

/// Whoever is paused for long is no reason to give up one who will answer sooner.
#[tokio::test(start_paused = true)]
async fn a_fallback_that_is_paused_for_long_does_not_end_the_tries_of_the_first() {
    let arrears = || status(429, r#"{"error":{"type":"exceeded_current_quota_error","message":"m"}}"#);
    let limited =
        Answer::Head(429, vec![("retry-after", "40")], vec![Do::Send(error("1302").into_bytes()), Do::End]);
    let trouble = || status(500, "oops");
    for (glm, told, seconds) in [
        (vec![limited.clone(), says("x")], vec!["glm:rate", "glm:ok"], 40..41),
        (vec![Answer::Mute, says("x")], vec!["glm:stall_first_event", "glm:ok"], 120..121),
        (vec![trouble(), trouble(), says("x")], vec!["glm:server", "glm:server", "glm:ok"], 0..4),
    ] {
        let world = World::new(glm, vec![arrears()]);
        world.ask(Some("kimi-fast"), 1200).await.unwrap_err();
        let began = world.clock.now();
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!(
            (reply.text.as_str(), causes(&reply.attempts)),
            ("x", told.iter().map(|s| (*s).to_owned()).collect())
        );
        assert!(seconds.contains(&(world.clock.now() - began).as_secs()), "{told:?}");
        assert_eq!(world.requests_at("kimi").len(), 1, "not asked again");
    }
    // Where the first does not come back within its time, the other is asked early, and both are told.
    let late =
        Answer::Head(429, vec![("retry-after", "1000")], vec![Do::Send(error("1302").into_bytes()), Do::End]);
    let world = World::new(vec![late], vec![arrears(), arrears()]);
    world.ask(Some("kimi-fast"), 1200).await.unwrap_err();
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!(causes(&failure.attempts), ["glm:rate", "kimi:account_dead"]);
    // One who is back sooner than the first is asked instead.
    let soon =
        Answer::Head(429, vec![("retry-after", "3000")], vec![Do::Send(error("1302").into_bytes()), Do::End]);
    let world = World::new(vec![soon], vec![arrears(), says("kimi")]);
    world.ask(Some("kimi-fast"), 1200).await.unwrap_err();
    assert_eq!(world.ask(None, 3600).await.unwrap().text, "kimi");
}

#[tokio::test(start_paused = true)]
async fn twelve_requests_are_the_most_whatever_they_cost() {
    let limited = || status(429, &error("1302"));
    let rate = || status(429, r#"{"error":{"type":"rate_limit_reached_error","message":"m"}}"#);
    let page = status(200, "<html>busy</html>");
    let kimi = [vec![Answer::Refused, page], vec![rate(); 9]].concat();
    let world = World::new(vec![Answer::Refused, Answer::Refused, limited(), limited()], kimi);
    let failure = world.ask(None, 3600).await.unwrap_err();
    assert_eq!((failure.code(), failure.attempts.len()), ("rate", 12));
    assert_eq!((world.requests_at("glm").len(), world.requests_at("kimi").len()), (4, 8));
    assert!(failure.attempts.iter().all(|one| !one.billed));
}

#[tokio::test(start_paused = true)]
async fn three_attempts_that_may_be_billed_are_the_most_of_all_causes_and_candidates() {
    let cut = || stream(vec![content("half"), Do::End]);
    let empty = stream(vec![finish("stop"), done()]);
    let world = World::new(vec![cut(), empty.clone()], vec![empty]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:cut", "glm:empty_answer", "kimi:empty_answer"]);
    assert_eq!((world.requests().len(), reply.text.as_str()), (3, "half"));
    assert_eq!(reply.ending, Ending::Partial(Broke::Failed(Cause::Cut)));
}

#[tokio::test(start_paused = true)]
async fn three_attempts_that_may_be_billed_are_the_most() {
    let trouble = status(500, "oops");
    let world = World::new(vec![trouble.clone(), trouble.clone(), trouble.clone()], vec![]);
    let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("server", 3));
    assert_eq!(failure.attempts.iter().map(|one| one.n).collect::<Vec<_>>(), [1, 2, 3]);
    let world = World::new(vec![trouble.clone(), trouble], vec![]);
    world.made_before.store(1, Ordering::SeqCst);
    assert_eq!(world.ask(Some("glm-fast"), 1200).await.unwrap_err().attempts.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn attempts_that_restarts_cut_leave_as_many_as_the_gate_grants() {
    let trouble = || status(500, "oops");
    for (made, cut, left) in [(3, 3, 3), (4, 4, 2), (3, 1, 1), (5, 3, 1), (2, 2, 3)] {
        let world = World::new((0..left).map(|_| trouble()).collect(), vec![]);
        world.made_before.store(made, Ordering::SeqCst);
        world.cut_before.store(cut, Ordering::SeqCst);
        let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
        let numbers: Vec<_> = failure.attempts.iter().map(|one| one.n).collect();
        assert_eq!((failure.code(), numbers), ("server", (made + 1..=made + left).collect()), "{made} {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_three_cuts_time_is_kept_for_the_fallback() {
    let world = World::new(vec![stream(vec![Do::Hang])], vec![says("hello")]);
    world.made_before.store(3, Ordering::SeqCst);
    world.cut_before.store(3, Ordering::SeqCst);
    let reply = world.ask(None, 60).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.provider.as_str()), ("hello", "kimi"));
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_denies_ends_the_call_before_anything_is_sent() {
    let world = World::new(vec![], vec![]);
    world.made_before.store(3, Ordering::SeqCst);
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!((failure.cause, failure.is_retryable()), (Cause::Denied(Denied::Exhausted), false));
    assert_eq!(
        failure.message,
        "No model answered: three attempts that may have been billed were made. Ask again only if the answer is worth \
         up to three more."
    );
    assert!(world.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_key_nothing_is_sent() {
    let world = World::with(vec![], vec![], |config| {
        for provider in &mut config.providers {
            provider.key = None;
        }
    });
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert!(failure.code() == "no_key" && failure.message.contains("GLM_API_KEY"), "{failure}");
    assert!(world.granted().is_empty());
    assert_eq!(world.providers.health()[0].state, HealthState::NoKey);
    assert!(world.providers.models().iter().all(|model| !model.usable));
}

#[tokio::test(start_paused = true)]
async fn a_named_model_is_not_replaced() {
    let world = World::new(vec![status(401, "{}")], vec![]);
    let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("auth_dead", 1));
    assert!(failure.message.contains("GLM_API_KEY"), "{failure}");
    assert_eq!(world.providers.health()[0].state, HealthState::Dead);
    let world = World::new(vec![status(401, "{}")], vec![says("x")]);
    let chat = Chat { model: Some("glm-fast".to_owned()), fallback: Fallback::Allowed, ..Chat::default() };
    let reply = world.chat(chat, 1200).await.unwrap();
    assert_eq!((reply.requested_model.as_deref(), reply.model.as_str()), (Some("glm-fast"), "kimi-fast"));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_told_and_not_followed() {
    let away = Answer::Head(308, vec![("location", "https://h/v2")], vec![Do::End]);
    let world = World::new(vec![away], vec![says("kimi")]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(reply.attempts[0].detail, "HTTP 308: the base URL only leads to https://h/v2");
    assert_eq!(causes(&reply.attempts), ["glm:wrong_address", "kimi:ok"]);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_answers_otherwise_than_an_api_is_asked_once() {
    for code in [204, 302, 307] {
        let world = World::new(vec![status(code, "")], vec![]);
        let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), ("wrong_address", false));
        assert_eq!(failure.attempts.iter().map(|one| one.billed).collect::<Vec<_>>(), [false]);
        assert!(failure.message.contains("base URL of glm: http://h"), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_none_is_told_and_the_next_is_asked() {
    let world = World::new(vec![Answer::Unusable], vec![says("kimi")]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:wrong_address", "kimi:ok"]);
    assert_eq!(reply.attempts.iter().map(|one| one.billed).collect::<Vec<_>>(), [false, true]);
    let world = World::new(vec![Answer::Unusable], vec![]);
    let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("wrong_address", 1));
    assert!(
        failure.message.contains("no URL") && failure.message.contains("base URL of glm: http://h"),
        "{failure}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_provider_is_waited_for_and_then_passed_by() {
    let change = |config: &mut ProvidersConfig| config.providers[0].max_concurrency = 1;
    let slow = stream(vec![Do::Wait(100 * S), content("slow"), finish("stop"), done()]);
    let world = World::with(vec![slow, says("third")], vec![says("kimi")], change);
    let late = async {
        tokio::time::sleep(S).await;
        let second = world.ask(None, 1200);
        let third = world.ask(Some("glm-fast"), 1200);
        tokio::join!(second, third)
    };
    let (first, (second, third)) = tokio::join!(world.ask(None, 1200), late);
    assert_eq!(first.unwrap().text, "slow");
    assert_eq!(causes(&second.unwrap().attempts), ["glm:busy", "kimi:ok"]);
    assert_eq!(third.unwrap().text, "third");
    let order = [("glm".to_owned(), 0), ("kimi".to_owned(), 31), ("glm".to_owned(), 100)];
    assert_eq!(world.requests(), order);
}

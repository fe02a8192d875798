//! What providers say when they refuse: for how long, until when, and who is asked meanwhile.

use serde_json::json;

use super::world::*;
use crate::*;

/// The world's wall clock begins at 12:00 UTC, which is 20:00 in Beijing.
const EVENING: &str = "2026-07-01 21:31:39";

fn error(code: &str, message: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#)
}

fn in_stream(error: &str) -> Answer {
    stream(vec![event(error), Do::Hang])
}

/// Both ways in which GLM reports an error.
fn both_ways(error: &str) -> [Answer; 2] {
    [status(429, error), in_stream(error)]
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_is_told_with_its_end() {
    for message in [
        format!("Usage limit reached for 5 hour. Your limit will reset at {EVENING}"),
        format!("已达到 5 小时的使用上限。您的限额将在 {EVENING} 重置。"),
    ] {
        for refusal in both_ways(&error("1308", &message)) {
            let world = World::new(vec![refusal], vec![]);
            let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
            assert_eq!((failure.code(), failure.is_retryable()), ("quota", true));
            assert_eq!(failure.attempts[0].until_ms, Some((1_782_907_200 + 5499) * 1000));
            let told = "quota used up for another 92 min, until 21:31 UTC+8 on 2026-07-01";
            assert!(failure.message.contains(told), "{failure}");
            assert!(failure.message.ends_with("ask another model, or again after the reset."), "{failure}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_without_a_believable_end_has_none() {
    for message in ["m", "Your limit will reset at 2026-07-01 11:00:00", "reset at 2027-07-01 11:00:00"] {
        let world = World::new(vec![status(429, &error("1310", message))], vec![]);
        let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
        assert_eq!((failure.code(), failure.attempts[0].until_ms), ("quota", None));
        assert!(!failure.message.contains("until"), "{failure}");
    }
    let body = vec![Do::Send(error("1308", "m").into_bytes()), Do::End];
    let world = World::new(vec![Answer::Head(429, vec![("retry-after", "3600")], body)], vec![]);
    let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert!(failure.message.contains("for another 60 min, until 21:00 UTC+8 on 2026-07-01"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_another_name_is_understood_by_its_host() {
    let change = |config: &mut ProvidersConfig| {
        config.providers[1] = ProviderConfig {
            key: Key::new("another-secret").ok(),
            ..ProviderConfig::new("spare", "https://open.bigmodel.cn/api/paas/v4")
        };
    };
    // The world gives what is not GLM's to Kimi's script.
    for (code, cause) in [("1113", "account_dead"), ("1308", "quota")] {
        let world = World::with(vec![], vec![status(429, &error(code, "m"))], change);
        let failure = world.ask(Some("spare/glm-x"), 1200).await.unwrap_err();
        assert_eq!((failure.code(), world.requests().len()), (cause, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_of_the_last_candidate_is_waited_out_while_the_deadline_allows() {
    let limited = || vec![status(429, &error("1302", "m")); 8];
    for (model, at) in [(Some("glm-fast"), 0), (None, 2)] {
        let (glm, kimi) = match model {
            Some(_) => (limited(), vec![]),
            None => (vec![status(429, &error("1302", "m")); 2], limited()),
        };
        let world = World::with(glm, kimi, |config| {
            config.providers[1].base_url = "https://open.bigmodel.cn/api".to_owned();
        });
        let failure = world.ask(model, 1200).await.unwrap_err();
        let last = if model.is_some() { "glm" } else { "kimi" };
        let expected = [0, 2, 7, 22, 52, 112, 202, 322].map(|second| second + at);
        assert_eq!((failure.code(), world.requests_at(last)), ("rate", expected.to_vec()));
        assert!(failure.attempts.iter().all(|attempt| !attempt.billed));
    }
    let world = World::new(limited(), vec![]);
    let failure = world.ask(Some("glm-fast"), 100).await.unwrap_err();
    assert_eq!((failure.code(), world.requests_at("glm")), ("rate", vec![0, 2, 7, 22, 52]));
    assert_eq!(world.clock.now(), 52 * S, "no pause that the deadline would cut");
}

/// A conversation of which the model's own turns have lost their reasoning.
fn conversation() -> Chat {
    let turn = |role, text: &str| Message::new(role, text);
    let messages = vec![
        turn(Role::User, "one"),
        turn(Role::Assistant, "1"),
        turn(Role::User, "two"),
        turn(Role::Assistant, " "),
        turn(Role::User, "three"),
    ];
    Chat { model: Some("kimi-fast".to_owned()), messages, ..Chat::default() }
}

fn faults() -> [Answer; 2] {
    let refused = |message: &str| {
        let body = format!(r#"{{"error":{{"type":"invalid_request_error","message":"{message}"}}}}"#);
        status(400, &body)
    };
    [
        refused("thinking is enabled but reasoning_content is missing in assistant message at index 1"),
        refused("Invalid request: the message at position 3 with role 'assistant' must not be empty"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_transcript_that_can_be_mended_is_sent_once_more() {
    for fault in faults() {
        let world = World::new(vec![], vec![fault, says("x")]);
        let reply = world.chat(conversation(), 1200).await.unwrap();
        assert_eq!(causes(&reply.attempts), ["kimi:bad_request", "kimi:ok"]);
        assert_eq!(
            reply.attempts.iter().map(|one| (one.n, one.billed)).collect::<Vec<_>>(),
            [(1, false), (1, true)]
        );
        assert_eq!(world.requests_at("kimi"), [0, 0]);
        let bodies = world.bodies();
        assert_eq!(bodies[0]["messages"].as_array().unwrap().len(), 5);
        assert_eq!(
            bodies[1]["messages"],
            json!([
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "1", "reasoning_content": " "},
                {"role": "user", "content": "two"},
                {"role": "user", "content": "three"},
            ])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_transcript_is_mended_once_and_only_for_a_fault_that_is_known() {
    for fault in faults() {
        let world = World::new(vec![], vec![fault.clone(), fault.clone()]);
        let failure = world.chat(conversation(), 1200).await.unwrap_err();
        assert_eq!((failure.code(), world.requests().len()), ("bad_request", 2));
        // Nothing of it is the model's: mended it would be the same.
        let world = World::new(vec![], vec![fault]);
        let failure = world.ask(Some("kimi-fast"), 1200).await.unwrap_err();
        assert_eq!((failure.code(), world.requests().len()), ("bad_request", 1));
    }
    let world = World::new(vec![], vec![status(400, r#"{"error":{"message":"no such field: content"}}"#)]);
    let failure = world.chat(conversation(), 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("bad_request", 1));
}

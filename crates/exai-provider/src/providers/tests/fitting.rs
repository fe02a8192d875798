//! Questions that are too long for a model, and models that are too dear for a question.

use super::world::*;
use crate::*;

/// About so many tokens.
fn words(tokens: usize) -> String {
    "x".repeat(tokens * 7 / 2)
}

fn asking(tokens: usize) -> Chat {
    Chat { messages: vec![Message::new(Role::User, words(tokens))], ..Chat::default() }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_not_sent_and_the_numbers_are_told() {
    let world = World::new(vec![], vec![]);
    let named = Chat { model: Some("glm-fast".to_owned()), ..asking(800) };
    let failure = world.chat(named, 600).await.unwrap_err();
    assert_eq!(failure.cause, Cause::ContextOverflow);
    let numbers =
        "about 808 tokens, and 750 of its context of 1000 are free for them; the rest is kept for the answer";
    assert!(failure.message.contains(numbers), "{}", failure.message);
    assert!(failure.message.contains("a model with a larger context"), "{}", failure.message);
    assert_eq!((failure.attempts[0].n, failure.attempts[0].billed), (0, false));
    assert!(world.requests().is_empty() && world.granted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_the_first_goes_to_one_with_room() {
    let world = World::new(vec![], vec![says("from kimi")]);
    let reply = world.chat(asking(800), 600).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:context_overflow", "kimi:ok"]);
    assert_eq!(world.requests(), [("kimi".to_owned(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_stand_in_without_room_is_left_out_and_named() {
    let world = World::with(vec![], vec![Answer::Mute, Answer::Mute], |config| {
        config.default_model = Some("kimi-fast".to_owned());
    });
    let failure = world.chat(asking(800), 1200).await.unwrap_err();
    assert_eq!(causes(&failure.attempts), ["kimi:stall_first_event", "kimi:stall_first_event"]);
    assert!(
        failure.message.contains("Not asked: glm-fast (about 808 tokens, and 750 of its context of 1000"),
        "{}",
        failure.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_wrong_tells_of_nobody_else() {
    let wrong = status(400, r#"{"error":{"code":"1210","message":"no"}}"#);
    let world =
        World::with(vec![], vec![wrong], |config| config.default_model = Some("kimi-fast".to_owned()));
    let failure = world.chat(asking(800), 600).await.unwrap_err();
    assert_eq!(failure.cause, Cause::BadRequest);
    assert!(!failure.message.contains("Not asked"), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn where_a_context_is_not_known_the_provider_judges() {
    let too_long = status(400, r#"{"error":{"code":"1261","message":"too long"}}"#);
    let world = World::with(vec![too_long, says("it did")], vec![], |config| {
        config.chain = vec!["glm-local".to_owned()];
    });
    let reply = world.chat(asking(100), 600).await.unwrap();
    assert_eq!((reply.asked_model.as_str(), reply.text.as_str()), ("glm-local", "it did"));
}

#[tokio::test(start_paused = true)]
async fn what_was_too_long_for_one_goes_to_none_that_holds_no_more() {
    let too_long = || status(400, r#"{"error":{"code":"1261","message":"too long"}}"#);
    for (default, other) in [("glm-fast", "glm-deep"), ("kimi-fast", "glm-fast")] {
        let of_glm = default.starts_with("glm");
        let (glm, kimi) = if of_glm { (vec![too_long()], vec![]) } else { (vec![], vec![context_refusal()]) };
        let world = World::with(glm, kimi, |config| {
            config.default_model = Some(default.to_owned());
            config.chain = vec![other.to_owned()];
        });
        let failure = world.chat(asking(100), 600).await.unwrap_err();
        assert_eq!((failure.code(), world.requests().len()), ("context_overflow", 1), "{default}");
        assert!(failure.message.contains("a model with a larger context"), "{failure}");
    }
}

fn context_refusal() -> Answer {
    status(400, r#"{"error":{"type":"invalid_request_error","message":"Input token length too long"}}"#)
}

/// A stream that brings so many tokens and breaks off after more than a minute.
fn breaks_off(tokens: usize) -> Answer {
    let half = words(tokens / 2);
    stream(vec![content(&half), Do::Wait(S * 70), content(&half), Do::Break])
}

#[tokio::test(start_paused = true)]
async fn a_beginning_that_leaves_no_room_for_its_rest_is_not_gone_on_from() {
    // 900 of 1000 leave room for a rest, 950 do not.
    for (begun, n) in [(900, 2), (950, 1)] {
        let world = World::new(vec![breaks_off(begun - 20), says("the whole")], vec![]);
        let reply = world.ask(Some("glm-fast"), 600).await.unwrap();
        let turns = world.bodies()[1]["messages"].as_array().unwrap().len();
        assert_eq!((turns > 1, reply.continued.len()), (n == 2, n - 1), "{begun}");
        if n == 1 {
            assert_eq!(reply.text, "the whole");
        }
    }
}

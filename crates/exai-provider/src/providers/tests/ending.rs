//! How streams end, and what that is worth.

use std::time::Duration;

use super::world::*;
use crate::*;

#[tokio::test(start_paused = true)]
async fn usage_after_the_finish_reason_is_heard() {
    let usage = event(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#);
    let world = World::new(vec![stream(vec![content("x"), finish("stop"), usage, done()])], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(reply.usage.map(|usage| usage.completion_tokens), Some(4));
    assert_eq!(reply.finish.as_deref(), Some("stop"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_at_the_output_limit_is_marked() {
    let world = World::new(vec![stream(vec![content("long"), finish("length"), done()])], vec![]);
    assert_eq!(world.ask(None, 1200).await.unwrap().ending, Ending::Truncated);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_provider_inside_the_stream_is_no_answer() {
    let failed = stream(vec![content("half"), finish("network_error"), done()]);
    let world = World::new(vec![failed, says("whole")], vec![]);
    assert_eq!(causes(&world.ask(None, 1200).await.unwrap().attempts), ["glm:server", "glm:ok"]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_the_finish_reason_takes_nothing_from_the_answer() {
    let late = r#"{"error":{"code":"500","message":"could not count"}}"#;
    let junk = || vec![event("junk"), event("junk")];
    for behind in [vec![event(late)], junk()] {
        let steps = [vec![content("all of it"), finish("stop")], behind.clone(), vec![Do::Hang]].concat();
        let world = World::new(vec![stream(steps)], vec![says("kimi")]);
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.ending), ("all of it", Ending::Unterminated), "{behind:?}");
        let steps = [vec![content("most"), finish("length")], behind].concat();
        let world = World::new(vec![stream(steps)], vec![says("kimi")]);
        assert_eq!(world.ask(None, 1200).await.unwrap().ending, Ending::Truncated);
    }
    let nothing = stream(vec![finish("stop"), event(late), Do::End]);
    let failure = World::new(vec![nothing; 3], vec![]).ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert!(failure.message.contains("could not count"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_character_that_comes_in_two_halves_is_all_that_is_lost() {
    let halves = [r"\ud83d", r"\ude00"]
        .map(|half| event(&format!(r#"{{"choices":[{{"delta":{{"content":"{half}"}}}}]}}"#)));
    let steps =
        [vec![content("smile ")], halves.to_vec(), vec![content("!"), finish("stop"), done()]].concat();
    let world = World::new(vec![stream(steps)], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.ending), ("smile \u{fffd}\u{fffd}!", Ending::Whole));
    assert_eq!(reply.notes, Vec::<String>::new());
    let whole = r#"{"choices":[{"message":{"content":"a\ud83d"},"finish_reason":"stop"}]}"#;
    let world = World::new(vec![status(200, whole)], vec![]);
    assert_eq!(world.ask(None, 1200).await.unwrap().text, "a\u{fffd}");
}

#[tokio::test(start_paused = true)]
async fn policy_is_final() {
    let world = World::new(vec![stream(vec![content("half"), finish("sensitive"), done()])], vec![]);
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("policy", 1));
}

#[tokio::test(start_paused = true)]
async fn a_models_refusal_is_final_and_told_in_its_words() {
    let refuses = event(r#"{"choices":[{"delta":{"content":null,"refusal":"I can't help with that."}}]}"#);
    let world = World::new(vec![stream(vec![refuses, finish("stop"), done()])], vec![]);
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("policy", 1));
    assert!(failure.message.contains("the model refuses: I can't help with that"), "{failure}");
    assert!(failure.attempts[0].billed);
}

#[tokio::test(start_paused = true)]
async fn an_end_for_a_reason_that_nobody_knows_is_marked() {
    let world = World::new(vec![stream(vec![content("x"), finish("other"), done()])], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!((reply.ending, reply.finish.as_deref()), (Ending::Unterminated, Some("other")));
    let broken = stream(vec![content("half"), finish("abort"), done()]);
    let world = World::new(vec![broken, says("whole")], vec![]);
    assert_eq!(causes(&world.ask(None, 1200).await.unwrap().attempts), ["glm:server", "glm:ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_under_http_200_is_no_answer_and_is_not_billed_however_it_ends() {
    let html = Do::Send(b"<!doctype html><script>track()</script><h1>Log in to the network</h1>".to_vec());
    let endless = Do::Repeat(b"<p>more</p>".repeat(1000), Duration::from_millis(1));
    for end in [Do::End, Do::Break, Do::Hang, endless] {
        let page = Answer::Head(200, vec![("content-type", "text/html")], vec![html.clone(), end.clone()]);
        let world = World::new(vec![page; 3], vec![]);
        let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), ("page", true), "{end:?}");
        assert!(failure.attempts.iter().all(|one| !one.billed && one.n == 1), "{failure:?}");
        assert_eq!(world.granted(), ["1 glm/glm-fast"; 3]);
        for part in ["a page instead of an answer", "Log in to the network", "base URL of glm: http://h"] {
            assert!(failure.message.contains(part), "{part} is not in {failure}");
        }
        assert!(!failure.message.contains("track"), "{failure}");
    }
    let page = status(200, "<html>maintenance</html>");
    let world = World::new(vec![page; 3], vec![says("kimi")]);
    assert_eq!(world.ask(None, 1200).await.unwrap().text, "kimi");
}

#[tokio::test(start_paused = true)]
async fn the_longest_part_is_handed_back_when_all_fails() {
    let cut = |text: &str| stream(vec![content(text), Do::End]);
    let world = World::new(vec![cut("the longer part"), cut("short")], vec![cut("also short")]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.ending),
        ("the longer part", Ending::Partial(Broke::Failed(Cause::Cut)))
    );
    assert_eq!((reply.provider.as_str(), world.requests().len()), ("glm", 3));
}

#[tokio::test(start_paused = true)]
async fn the_providers_names_are_cleaned_and_short() {
    let odd = |field: &str, value: &str| {
        event(&format!(r#"{{"model":"m glm-secret-key","choices":[{{"delta":{{"{field}":"{value}"}}}}]}}"#))
    };
    let finish = finish(&"f".repeat(5000));
    let world = World::new(vec![stream(vec![odd("content", "x"), finish, done()])], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(reply.model, "m [key]");
    assert_eq!(reply.finish.map(|finish| finish.chars().count()), Some(100));
}

#[tokio::test(start_paused = true)]
async fn an_encoded_answer_is_named_and_asked_for_once() {
    let encoded = |status| {
        let body = vec![Do::Send(b"\x1f\x8b\x08\0".to_vec()), Do::End];
        Answer::Head(status, vec![("content-encoding", "gzip")], body)
    };
    let world = World::new(vec![encoded(200)], vec![]);
    let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert_eq!((failure.code(), failure.is_retryable(), failure.attempts.len()), ("encoded", false, 1));
    assert!(failure.message.contains("gzip") && failure.message.contains("http://h"), "{failure}");
    let world = World::new(vec![encoded(401)], vec![]);
    let failure = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert!(failure.code() == "auth_dead" && failure.message.contains("gzip"), "{failure}");
    let plain = vec![content("x"), finish("stop"), done()];
    let world = World::new(vec![Answer::Head(200, vec![("content-encoding", "identity")], plain)], vec![]);
    assert_eq!(world.ask(None, 1200).await.unwrap().text, "x");
}

#[tokio::test(start_paused = true)]
async fn json_instead_of_a_stream_is_an_answer() {
    let json =
        status(200, r#"{"model":"glm-x","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#);
    let world = World::new(vec![json], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.model.as_str(), reply.asked_model.as_str()),
        ("hi", "glm-x", "glm-fast")
    );
}

//! How streams end, and what that is worth.

use std::time::Duration;

use serde_json::json;

use super::world::*;
use crate::*;

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_without_a_mark_is_a_cut() {
    for end in [Do::End, Do::Break] {
        let world = World::new(vec![stream(vec![content("half"), end]), says("whole")], vec![]);
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.ending), ("whole", Ending::Whole));
        assert_eq!(causes(&reply.attempts), ["glm:cut", "glm:ok"]);
        assert_eq!(world.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_finish_reason_without_mark_is_accepted_and_marked() {
    for end in [Do::End, Do::Break, Do::Hang] {
        let world = World::new(vec![stream(vec![content("all of it"), finish("stop"), end])], vec![]);
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.ending), ("all of it", Ending::Unterminated));
        assert!(world.clock.now() <= 5 * S);
    }
}

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
async fn an_empty_answer_is_asked_for_once_more_with_more_room() {
    for empty in [
        stream(vec![finish("stop"), done()]),
        stream(vec![reasoning("thought"), finish("length"), done()]),
        stream(vec![Do::End]),
    ] {
        let world = World::new(vec![empty.clone(), empty], vec![says("kimi")]);
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!(causes(&reply.attempts), ["glm:empty_answer", "glm:empty_answer", "kimi:ok"]);
        let rooms: Vec<_> = world.bodies().iter().map(|body| body["max_tokens"].as_u64()).collect();
        assert_eq!(rooms, [Some(32_768), Some(65_536), None]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_provider_inside_the_stream_is_no_answer() {
    let failed = stream(vec![content("half"), finish("network_error"), done()]);
    let world = World::new(vec![failed, says("whole")], vec![]);
    assert_eq!(causes(&world.ask(None, 1200).await.unwrap().attempts), ["glm:server", "glm:ok"]);
}

#[tokio::test(start_paused = true)]
async fn policy_is_final() {
    let world = World::new(vec![stream(vec![content("half"), finish("sensitive"), done()])], vec![]);
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!((failure.code(), world.requests().len()), ("policy", 1));
}

#[tokio::test(start_paused = true)]
async fn unreadable_chunks_are_passed_over_once() {
    let bad = event("{\"choices\":[");
    let once = vec![content("a"), bad.clone(), content("b"), finish("stop"), done()];
    let world = World::new(vec![stream(once)], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.notes.len()), ("ab", 1));
    let twice = stream(vec![content("a"), bad.clone(), bad]);
    let world = World::new(vec![twice, says("whole")], vec![]);
    assert_eq!(causes(&world.ask(None, 1200).await.unwrap().attempts), ["glm:malformed", "glm:ok"]);
}

#[tokio::test(start_paused = true)]
async fn json_and_pages_instead_of_a_stream() {
    let json =
        status(200, r#"{"model":"glm-x","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#);
    let world = World::new(vec![json], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.model.as_str(), reply.asked_model.as_str()),
        ("hi", "glm-x", "glm-fast")
    );
    let page = status(200, "<html>502 Bad Gateway</html>");
    let world = World::new(vec![page, says("x")], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:page", "glm:ok"]);
    assert!(reply.attempts[0].detail.contains("502 Bad Gateway"), "{}", reply.attempts[0].detail);
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
        assert_eq!(world.granted(), ["1 glm/glm-fast"]);
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
async fn an_answer_without_end_is_cut_and_asked_for_once() {
    let endless = || stream(vec![Do::Repeat(piece_of(&"x".repeat(1 << 20)), Duration::from_millis(1))]);
    let world = World::new(vec![endless()], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:too_large"]);
    assert_eq!((reply.ending, reply.notes.len()), (Ending::Truncated, 1));
    assert!(reply.text.len() >= 16 << 20);
    // One JSON text without end may have been paid for as well.
    let endless = stream(vec![Do::Repeat(vec![b'{'; 1 << 20], Duration::from_millis(1))]);
    let world = World::new(vec![endless], vec![]);
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!((failure.code(), failure.is_retryable(), failure.attempts.len()), ("too_large", false, 1));
    assert!(failure.message.contains("for less at a time"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_line_or_event_without_end_is_unreadable_and_falls_back() {
    let data = [b"data: ".as_slice(), &vec![b'x'; 1 << 20], b"\n"].concat();
    for endless in [vec![b'x'; 1 << 20], data, vec![b' '; 1 << 16]] {
        let endless = stream(vec![content("half"), Do::Repeat(endless, Duration::from_millis(1))]);
        let world = World::new(vec![endless.clone(), endless], vec![says("kimi")]);
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!(causes(&reply.attempts), ["glm:malformed", "glm:malformed", "kimi:ok"]);
        assert!(reply.attempts[0].detail.contains("longer than"), "{}", reply.attempts[0].detail);
        assert!(world.clock.now() < S, "nothing to wait for");
    }
    // Blanks that nothing came before, and that end no line.
    let blanks = stream(vec![Do::Repeat(vec![b' '; 1 << 16], Duration::from_millis(1))]);
    let world = World::new(vec![blanks.clone(), blanks], vec![says("kimi")]);
    assert_eq!(world.ask(None, 1200).await.unwrap().provider, "kimi");
}

#[tokio::test(start_paused = true)]
async fn a_tool_call_that_nobody_can_read_is_no_answer() {
    let call = |arguments: &str| {
        let function = json!({"name": "f", "arguments": arguments});
        let call = json!({"index": 0, "id": "a", "function": function});
        event(&json!({"choices": [{"delta": {"tool_calls": [call]}}]}).to_string())
    };
    let calls = |pieces: &[&str], reason: &str| {
        let mut steps: Vec<Do> = pieces.iter().map(|piece| call(piece)).collect();
        steps.extend([finish(reason), done()]);
        stream(steps)
    };
    for reason in ["tool_calls", "stop"] {
        let broken = calls(&["{\"x\":", "1"], reason);
        let world = World::new(vec![broken, calls(&["{\"x", "\":1}"], reason)], vec![]);
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!(causes(&reply.attempts), ["glm:malformed", "glm:ok"]);
        assert_eq!(reply.tool_calls[0].arguments, "{\"x\":1}");
    }
    // Many send nothing for a tool that takes nothing; and at the limit of the output an end is missing by right.
    for (pieces, reason, ending) in
        [(&["", " "][..], "tool_calls", Ending::Whole), (&["{\"x"][..], "length", Ending::Truncated)]
    {
        let world = World::new(vec![calls(pieces, reason)], vec![]);
        assert_eq!(world.ask(None, 1200).await.unwrap().ending, ending);
    }
}

fn piece_of(text: &str) -> Vec<u8> {
    let Do::Send(bytes) = content(text) else { unreachable!() };
    bytes
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

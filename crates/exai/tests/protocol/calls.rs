//! Many calls at once, and the ids that hosts give them.

use std::sync::Arc;

use exai_sim::host::{Host, Pending, Progress, Revision};
use exai_sim::process::HANG;
use exai_sim::provider::{Reply, Script, Stream, answer_to};
use serde_json::{Value, json};

use crate::gate::Gate;
use crate::world::{World, check, check_schemas, installation, line, send};

/// Sends so many calls and lets the provider answer them last first.
fn answered_backwards(count: usize) {
    // Some of what all share is kept for the other provider.
    let (own, shared) = (count.to_string(), (count + 4).to_string());
    let world = World::with(&[
        ("GLM_MAX_CONCURRENCY", own.as_str()),
        ("KIMI_MAX_CONCURRENCY", &own),
        ("EXAI_WS_SESSION_MAX_INFLIGHT", &shared),
        ("EXAI_WS_GLOBAL_MAX_INFLIGHT", &shared),
    ]);
    let gate = Gate::hold(&world.provider);
    let host = world.greeted(Revision::V2025_11_25);
    let prompts: Vec<String> = (0..count).map(|n| format!("question {n} of {count}")).collect();
    let pending: Vec<Pending> = prompts
        .iter()
        .map(|prompt| host.call("chat", json!({"prompt": prompt}), Progress::Unwanted).unwrap())
        .collect();
    world.provider.wait_for(HANG, |requests| requests.len() == count).unwrap();
    for (prompt, pending) in prompts.iter().zip(&pending).rev() {
        assert!(host.answer(pending).is_none(), "answered before its model was");
        gate.let_go(prompt);
        let answer = host.wait(pending, HANG).unwrap();
        assert!(answer.text().unwrap().starts_with(&answer_to(prompt, 3)), "{prompt}: {}", answer.line);
    }
    check(&host);
    assert_eq!(world.provider.requests().len(), count, "each is asked once");
}

#[test]
fn four_calls_at_once_are_answered_in_the_order_of_their_models() {
    answered_backwards(4);
}

#[test]
fn sixty_four_calls_at_once_are_answered_in_the_order_of_their_models() {
    answered_backwards(64);
}

/// Ids as hosts may write them; what is equal as a value may differ in bytes.
const IDS: [&str; 10] = [
    "0",
    "-1",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "123456789012345678901234567890",
    r#""""#,
    r#""\u0041\/\n\"é😀""#,
    r#""\ud83d\ude00 \u0000""#,
    r#""7""#,
];

fn count(host: &Host, start: &str) -> usize {
    host.transcript().received().filter(|line| line.text.starts_with(start)).count()
}

#[test]
fn ids_come_back_byte_for_byte() {
    let world = World::new();
    let host = world.greeted(Revision::V2025_06_18);
    for (method, params) in [
        ("ping", json!({})),
        ("tools/call", json!({"name": "version", "arguments": {}})),
        ("no/such", json!({})),
    ] {
        for id in IDS {
            let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"#);
            let before = count(&host, &start);
            let value: Value = serde_json::from_str(id).unwrap();
            let pending = send(&host, value, &line(id, method, &params));
            let answer = host.wait(&pending, HANG).unwrap();
            assert!(answer.line.starts_with(&start), "{method} {id}: {}", answer.line);
            assert_eq!(count(&host, &start), before + 1, "{method} {id}");
        }
    }
    check(&host);
}

#[test]
fn ids_that_are_equal_as_text_and_as_number_are_two() {
    let world = World::new();
    let gate = Gate::hold(&world.provider);
    let host = world.greeted(Revision::V2025_11_25);
    let chat = |prompt: &str| json!({"name": "chat", "arguments": {"prompt": prompt}});
    let number = send(&host, json!(77), &line("77", "tools/call", &chat("number")));
    let text = send(&host, json!("77"), &line("\"77\"", "tools/call", &chat("text")));
    gate.let_go("text");
    assert!(host.wait(&text, HANG).unwrap().text().unwrap().starts_with(&answer_to("text", 3)));
    gate.let_go("number");
    assert!(host.wait(&number, HANG).unwrap().text().unwrap().starts_with(&answer_to("number", 3)));
    // An id is free again once its request is over.
    gate.let_go("again");
    let again = send(&host, json!(77), &line("77", "tools/call", &chat("again")));
    assert!(host.wait(&again, HANG).unwrap().text().unwrap().starts_with(&answer_to("again", 3)));
    check(&host);
}

#[test]
fn an_answer_of_nine_mebibytes_is_cut_and_says_so() {
    let world = World::new();
    let text: Arc<str> = "lorem ipsum ".repeat((9 << 20) / 12 + 1).into();
    let whole = text.to_string();
    world.provider.decide(move |_| {
        let stream = Stream { text: Some(text.to_string()), chunks: 200, ..Stream::default() };
        Some(Script { reply: Reply::Stream(stream), ..Script::default() })
    });
    let host = world.greeted(Revision::V2025_11_25);
    let answer = host.ask("chat", json!({"prompt": "a book"})).unwrap();
    assert!(answer.line.len() < 8 << 20, "{} bytes", answer.line.len());
    assert!(answer.line.len() > 6 << 20, "{} bytes of a much longer answer", answer.line.len());
    let text = answer.text().unwrap();
    assert!(whole.starts_with(text.get(..6 << 20).unwrap()));
    let end: String = text.chars().skip(text.chars().count() - 600).collect();
    assert!(end.contains("cut") || end.contains("truncated"), "{end}");
    check(&host);
}

#[test]
fn calls_beyond_what_a_shim_holds_are_declined_at_once_and_in_words() {
    let exai = installation();
    let host = exai.host().unwrap();
    host.initialize(Revision::V2025_11_25).unwrap();
    for _ in 0..1000 {
        host.call("chat", json!({"prompt": "held"}), Progress::Wanted).unwrap();
    }
    for _ in 0..3 {
        let answer = host.ask("chat", json!({"prompt": "too many"})).unwrap();
        assert!(answer.is_tool_error() && answer.text().unwrap().contains("1000 calls"), "{}", answer.line);
    }
    let transcript = host.transcript();
    transcript.check().unwrap();
    check_schemas(&transcript);
    assert_eq!(transcript.received().filter(|line| line.answered().next().is_some()).count(), 4);
}

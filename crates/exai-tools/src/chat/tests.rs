//! `chat` from arguments to result, over the real provider layer with a scripted transport.

mod world;

use exai_provider::{Before, Fate};
use serde_json::{Value, json};

use self::world::{Answered, World};

#[test]
fn an_answer_comes_back_with_a_conversation_that_goes_on() {
    let world = World::new([Answered::text("Paris."), Answered::text("About two million.")]);
    let first =
        world.chat(&json!({ "prompt": "Capital of France?", "system": "Be brief.", "temperature": "0.5" }));
    assert!(first.text.starts_with("Paris.\n\n— "), "{}", first.text);
    assert!(first.text.ends_with(&format!("conversation: {}", first.conversation())), "{}", first.text);

    let second = world.chat(&json!({ "prompt": "Its population?", "continuation_id": first.conversation() }));
    assert_eq!(second.conversation(), first.conversation());
    let sent = world.sent();
    assert_eq!(sent[0]["temperature"], 0.5);
    assert_eq!(
        sent[1]["messages"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Capital of France?"},
            {"role": "assistant", "content": "Paris."},
            {"role": "user", "content": "Its population?"},
        ])
    );
}

#[test]
fn a_conversation_keeps_the_model_that_was_named() {
    let world = World::new([Answered::text("a"), Answered::text("b")]);
    let first = world.chat(&json!({ "prompt": "p", "model": "test/other" }));
    world.chat(&json!({ "prompt": "q", "conversation": first.conversation() }));
    let models: Vec<Value> = world.sent().iter().map(|sent| sent["model"].clone()).collect();
    assert_eq!(models, ["other", "other"]);
}

#[test]
fn another_model_answers_for_a_named_one_only_where_the_call_allows_it() {
    let named = json!({ "prompt": "p", "model": "test/one" });
    let allowed = json!({ "prompt": "p", "model": "test/one", "fallback": true });
    let forbidden = json!({ "prompt": "p", "fallback": false });
    for (arguments, models) in [(named, vec!["one"]), (allowed, vec!["one", "two"]), (forbidden, vec!["one"])]
    {
        let world = World::with_chain(&["test/two"], [Answered::Status(401), Answered::text("from two")]);
        let result = world.chat(&arguments);
        let sent: Vec<Value> = world.sent().iter().map(|sent| sent["model"].clone()).collect();
        assert_eq!(sent, models, "{arguments}");
        assert_eq!(result.is_error, models.len() == 1, "{}", result.text);
        assert_eq!(result.text.starts_with("Note: answered by two"), models.len() == 2, "{}", result.text);
    }
}

#[test]
fn new_and_nothing_start_a_conversation_of_their_own() {
    let world = World::new([Answered::text("a"), Answered::text("b"), Answered::text("c")]);
    let ids = [
        json!({ "prompt": "p" }),
        json!({ "prompt": "p", "conversation": "new" }),
        json!({ "prompt": "p", "conversation": "" }),
    ]
    .map(|arguments| world.chat(&arguments).conversation());
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

#[test]
fn an_unknown_conversation_is_an_error_and_nothing_is_sent() {
    let world = World::new([]);
    for id in ["c-17", "00112233445566778899aabbccddeeff"] {
        let result = world.chat(&json!({ "prompt": "p", "conversation": id }));
        assert!(result.is_error && result.text.contains(id), "{}", result.text);
        assert_eq!(result.facts["error"], "unknown_conversation");
    }
    assert!(world.sent().is_empty());
}

#[test]
fn wrong_arguments_are_an_error_and_nothing_is_sent() {
    let world = World::new([]);
    let result = world.chat(&json!({ "prompt": 7, "effort": "extreme" }));
    assert!(result.is_error && result.text.contains("prompt: expected a string, got 7"), "{}", result.text);
    assert!(result.text.contains("effort: expected one of none, minimal"), "{}", result.text);
    assert!(world.sent().is_empty());
}

#[test]
fn files_stand_before_the_question() {
    let world = World::new([Answered::text("ok")]);
    let file = json!({ "path": "/w/a.rs", "bytes": 4, "sha256": "ab".repeat(32), "text": "fn a" });
    world.chat(&json!({ "prompt": "Review this.", "files": [file] }));
    let content = world.sent()[0]["messages"][0]["content"].as_str().unwrap().to_owned();
    let file = content.find("<<< file /w/a.rs (4 bytes, sha256 abababababababab)\nfn a\n>>>").unwrap();
    assert!(file < content.find("Review this.").unwrap());
}

#[test]
fn a_failed_turn_leaves_no_trace() {
    let world = World::new([Answered::text("a"), Answered::Status(401), Answered::text("b")]);
    let first = world.chat(&json!({ "prompt": "p1" }));
    let failed = world.chat(&json!({ "prompt": "p2", "conversation": first.conversation() }));
    assert!(failed.is_error && failed.text.contains("TEST_API_KEY"), "{}", failed.text);
    world.chat(&json!({ "prompt": "p3", "conversation": first.conversation() }));
    assert!(!world.sent()[2].to_string().contains("p2"));
}

#[test]
fn an_unknown_model_and_a_missing_key_say_what_to_do() {
    let world = World::new([]);
    let unknown = world.chat(&json!({ "prompt": "p", "model": "glm-5.33" }));
    assert!(unknown.is_error && unknown.text.contains("glm-5.3"), "{}", unknown.text);
    let keyless = world.chat(&json!({ "prompt": "p", "model": "glm-5.3" }));
    assert!(keyless.is_error, "{}", keyless.text);
    assert!(
        keyless.text.contains("GLM_API_KEY") && keyless.text.contains("/h/exai/.env"),
        "{}",
        keyless.text
    );
    assert!(world.sent().is_empty());
}

#[test]
fn unknown_arguments_are_ignored_and_named_in_the_last_line() {
    let world = World::new([Answered::text("a")]);
    let result = world.chat(&json!({ "prompt": "p", "use_websearch": true }));
    assert!(!result.is_error);
    assert!(
        result.text.lines().last().unwrap().contains("ignored unknown arguments: use_websearch"),
        "{}",
        result.text
    );
}

#[test]
fn every_other_tool_answers_at_once() {
    let world = World::new([]);
    assert!(world.run("version", &json!({})).text.starts_with("exai 1.2.3"));
    assert!(world.run("status", &Value::Null).text.starts_with("exai daemon: ready"));
    assert!(world.run("listmodels", &json!({ "x": 1 })).text.contains("glm-5.3"));
    let unknown = world.run("chatt", &json!({}));
    assert!(
        unknown.is_error && unknown.text.contains("chat, collect, listmodels, status, version"),
        "{}",
        unknown.text
    );
}

#[test]
fn a_call_that_lost_all_its_attempts_with_the_daemon_says_what_it_may_have_cost() {
    let mut world = World::new([]);
    world.before = (1..=3).map(|n| lost(n, "")).collect();
    let shown = world.chat(&json!({ "prompt": "hi" }));
    assert!(shown.is_error);
    assert_eq!(
        shown.text,
        "3 attempts of this call were lost when the daemon ended; up to 3 may have been billed. No model answered: \
         three attempts that may have been billed were made. Ask again only if the answer is worth up to three more."
    );
    assert_eq!((&shown.facts["attempts_lost"], &shown.facts["retryable"]), (&json!(3), &json!(false)));
}

fn lost(n: u32, model: &str) -> Before {
    let provider = if model.is_empty() { "" } else { "test" };
    Before { n, provider: provider.to_owned(), model: model.to_owned(), fate: Fate::Lost }
}

#[test]
fn the_text_of_a_lost_attempt_comes_back_when_no_attempt_is_left() {
    let mut world = World::new([]);
    world.before = (1..=3).map(|n| lost(n, "one")).collect();
    world.kept = Some("Half of an".to_owned());
    let shown = world.chat(&json!({ "prompt": "hi" }));
    assert!(!shown.is_error);
    assert!(
        shown.text.starts_with("PARTIAL ANSWER: it broke off (the daemon ended)")
            && shown.text.contains("\n\nHalf of an\n\n— one (test), requested: default · 3 attempts: "),
        "{}",
        shown.text
    );
    assert!(shown.text.contains("#3 one (test) lost when the daemon ended"), "{}", shown.text);
    assert_eq!((&shown.facts["ending"], &shown.facts["attempts_lost"]), (&json!("partial"), &json!(3)));
    assert_eq!(shown.facts["before"][2], json!({"n": 3, "provider": "test", "model": "one", "cut": false}));
}

#[test]
fn the_text_of_a_lost_attempt_comes_back_when_its_conversation_is_gone() {
    let mut world = World::new([Answered::text("rest")]);
    world.before = vec![lost(1, "one")];
    world.kept = Some("Half of an".to_owned());
    let shown = world.chat(&json!({ "prompt": "hi", "conversation": "00112233445566778899aabbccddeeff" }));
    assert!(!shown.is_error && shown.text.contains("\n\nHalf of an\n\n"), "{}", shown.text);
    assert!(shown.text.contains("its conversation is not known any more"), "{}", shown.text);
    world.before.clear();
    world.kept = None;
    world.chat(&json!({ "prompt": "Go on.", "conversation": shown.conversation() }));
    assert_eq!(world.sent()[0]["messages"][1], json!({"role": "assistant", "content": "Half of an"}));
}

#[test]
fn the_text_of_a_lost_attempt_comes_back_when_its_conversation_cannot_be_read() {
    let mut world = World::new([]);
    world.before = vec![lost(1, "one")];
    world.kept = Some("Half of an".to_owned());
    world.hide_conversations("the disk is away");
    let shown = world.chat(&json!({ "prompt": "hi", "conversation": "00112233445566778899aabbccddeeff" }));
    assert!(!shown.is_error && shown.text.contains("\n\nHalf of an\n\n"), "{}", shown.text);
    assert!(shown.text.contains("its conversation can't be read now"), "{}", shown.text);
}

#[test]
fn where_attempts_were_lost_nothing_says_that_nothing_was_sent() {
    const UNKNOWN: &str = "unknown_conversation";
    let question = json!({ "prompt": "hi", "conversation": "00112233445566778899aabbccddeeff" });
    for (hidden, code) in [(None, UNKNOWN), (Some("the disk is away"), "conversation_unreadable")] {
        let mut world = World::new([]);
        if let Some(why) = hidden {
            world.hide_conversations(why);
        }
        let fresh = world.chat(&question);
        assert!(fresh.text.contains("nothing was sent"), "{}", fresh.text);
        assert_eq!(fresh.facts["retryable"], hidden.is_some());
        world.before = vec![lost(1, "one")];
        let shown = world.chat(&question);
        let lost =
            "An attempt of this call (one (test)) was lost when the daemon ended, and may have been billed. ";
        assert!(shown.is_error && shown.text.starts_with(lost), "{}", shown.text);
        assert!(
            !shown.text.contains("nothing was sent") && !shown.text.contains("is safe"),
            "{}",
            shown.text
        );
        let facts = ["error", "retryable", "attempts_lost"].map(|fact| shown.facts[fact].clone());
        assert_eq!(facts, [json!(code), json!(false), json!(1)]);
    }
}

#[test]
fn an_answer_goes_on_from_the_text_of_a_lost_attempt() {
    let begun = "It was a long answer. ".repeat(20);
    let mut world = World::new([Answered::text("And so it ends.")]);
    world.before = (1..=2).map(|n| lost(n, "one")).collect();
    world.kept = Some(begun.clone());
    let shown = world.chat(&json!({ "prompt": "hi" }));
    assert!(shown.text.starts_with(&format!("{begun}And so it ends.\n\n— one (test)")), "{}", shown.text);
    let told = "3 attempts: #1 one (test) lost when the daemon ended; #2 one (test) lost when the daemon ended; #3 one \
                (test) ok, 0 ms · continued at character 440 (the daemon ended) ·";
    assert!(shown.text.contains(told), "{}", shown.text);
    assert_eq!(
        shown.facts["continued"],
        json!([{"at_char": 440, "from_model": "one", "to_model": "one", "cause": "daemon_lost"}])
    );
}

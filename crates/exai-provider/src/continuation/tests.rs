use serde_json::{Value, json};

use super::*;

fn sent(how: How) -> Value {
    let question = [Message::new(Role::User, "hi")];
    let after = Continuation { text: "It was a dark", reasoning: "hm", how };
    serde_json::to_value(turns(&question, Some(after))).unwrap()
}

#[test]
fn each_endpoint_is_told_in_its_own_way_that_the_answer_has_begun() {
    let last = |prefix| sent(How::Prefix(prefix))[1].clone();
    let plain = json!({"role": "assistant", "content": "It was a dark"});
    let with = |more: Value| {
        let mut turn = plain.as_object().unwrap().clone();
        turn.extend(more.as_object().unwrap().clone());
        Value::Object(turn)
    };
    assert_eq!(last(Prefix::Partial), with(json!({"partial": true, "reasoning_content": "hm"})));
    assert_eq!(last(Prefix::Prefix), with(json!({"prefix": true})));
    assert_eq!(last(Prefix::Beta), with(json!({"prefix": true, "reasoning_content": "hm"})));
    assert_eq!((last(Prefix::Vllm), last(Prefix::Bare)), (plain.clone(), plain));
}

/// The simulated provider knows a continue turn by these words.
#[test]
fn a_continue_turn_quotes_the_end() {
    let turns = sent(How::Turn);
    assert_eq!(turns[1], json!({"role": "assistant", "content": "It was a dark"}));
    let words = turns[2]["content"].as_str().unwrap();
    assert_eq!(turns[2]["role"], "user");
    assert!(words.starts_with("Your last message broke off. ") && words.contains("<<<\nIt was a dark\n>>>"));
    assert!(!words.contains("code block"));
    assert!(go_on("a\n```rust\nlet x").contains("A code block is open there"));
}

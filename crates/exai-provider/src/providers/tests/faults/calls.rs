//! F27: tool calls in pieces.

use serde_json::{Value, json};

use super::*;

fn piece(call: Value) -> Do {
    event(&json!({"choices": [{"delta": {"tool_calls": [call]}}]}).to_string())
}

fn calls(pieces: Vec<Value>, reason: &str) -> Answer {
    let mut steps: Vec<Do> = pieces.into_iter().map(piece).collect();
    steps.extend([finish(reason), done()]);
    stream(steps)
}

fn arguments(pieces: &[&str], reason: &str) -> Answer {
    let piece = |text: &&str| json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": text}});
    calls(pieces.iter().map(piece).collect(), reason)
}

#[tokio::test(start_paused = true)]
pub(super) async fn f27_pieces_of_tool_calls_are_merged_wherever_they_are_cut() {
    let whole = r#"{"city": "北京", "days": 2}"#;
    for at in (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        let (first, second) = whole.split_at(at);
        let played = play(vec![arguments(&[first, second], "tool_calls")], vec![]).await.is("", &["glm:ok"]);
        let made: Vec<_> = played.reply().tool_calls.iter().map(|call| call.arguments.as_str()).collect();
        assert_eq!(made, [whole], "cut at {at}");
    }
    let function = |name: &str, arguments: &str| json!({"name": name, "arguments": arguments});
    let merged = [
        // An index that is used twice, with ids that tell the calls apart.
        vec![
            json!({"index": 0, "id": "a", "function": function("f", "{\"x\"")}),
            json!({"index": 0, "id": "a", "function": {"arguments": ":1}"}}),
            json!({"index": 0, "id": "b", "function": function("g", "{}")}),
        ],
        // No index.
        vec![
            json!({"id": "a", "function": function("f", "{\"x\":")}),
            json!({"function": {"arguments": "1}"}}),
            json!({"id": "b", "function": function("g", "{}")}),
        ],
    ];
    for pieces in merged {
        let played = play(vec![calls(pieces, "tool_calls")], vec![]).await.is("", &["glm:ok"]);
        let made: Vec<_> =
            played.reply().tool_calls.iter().map(|c| (&*c.id, &*c.name, &*c.arguments)).collect();
        assert_eq!(made, [("a", "f", "{\"x\":1}"), ("b", "g", "{}")]);
    }
    // No id.
    let nameless =
        vec![json!({"index": 0, "function": function("f", "{")}), json!({"function": {"arguments": "}"}})];
    let played = play(vec![calls(nameless, "tool_calls")], vec![]).await.is("", &["glm:ok"]);
    assert_eq!(
        played.reply().tool_calls,
        [ToolCall { id: String::new(), name: "f".into(), arguments: "{}".into() }]
    );
    played.row("F27", "sends tool calls in pieces, without an id");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f27_a_tool_call_that_nobody_can_read_is_no_answer() {
    for reason in ["tool_calls", "stop"] {
        let script = vec![arguments(&["{\"x\":", "1"], reason), arguments(&["{\"x", "\":1}"], reason)];
        let played = play(script, vec![]).await.is("", &["glm:malformed", "glm:ok"]);
        assert_eq!(played.reply().tool_calls[0].arguments, "{\"x\":1}");
        if reason == "tool_calls" {
            played.row("F27", "sends a tool call that is no JSON");
        }
    }
    // A call of nobody knows what is none, and a piece with nothing in it is no call.
    let nameless = json!({"index": 0, "id": "a", "function": {"arguments": "{}"}});
    let nothing = || json!({"index": 0});
    let named = json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}});
    let script =
        vec![calls(vec![nameless], "tool_calls"), calls(vec![nothing(), named, nothing()], "tool_calls")];
    let played = play(script, vec![]).await.is("", &["glm:malformed", "glm:ok"]);
    assert_eq!(played.attempts()[0].detail, "a tool call has no name");
    assert_eq!(played.reply().tool_calls.len(), 1);
    let played = play(vec![calls(vec![nothing()], "tool_calls"), says("x")], vec![]).await;
    played.is("x", &["glm:empty_answer", "glm:ok"]);
    // Many send nothing for a tool that takes nothing; and at the limit of the output an end is missing by right.
    for (pieces, reason, ending) in
        [(&["", " "][..], "tool_calls", Ending::Whole), (&["{\"x"][..], "length", Ending::Truncated)]
    {
        let played = play(vec![arguments(pieces, reason)], vec![]).await.is("", &["glm:ok"]);
        assert_eq!(played.reply().ending, ending);
    }
}

use super::*;
use crate::chunk::Parsed;

fn absorb(chunks: &[&str]) -> (Answer, Vec<Progress>) {
    let mut answer = Answer::default();
    let mut progress = Vec::new();
    for text in chunks {
        match Chunk::parse(text.as_bytes()) {
            Ok(Parsed::Piece(chunk)) => progress.push(answer.absorb(&chunk).unwrap()),
            other => panic!("{text}: {other:?}"),
        }
    }
    (answer, progress)
}

fn delta(fields: &str) -> String {
    format!(r#"{{"choices":[{{"delta":{{{fields}}}}}]}}"#)
}

fn tools(deltas: &[&str]) -> Vec<ToolCall> {
    let chunks: Vec<String> =
        deltas.iter().map(|calls| delta(&format!(r#""tool_calls":[{calls}]"#))).collect();
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    absorb(&chunks).0.tool_calls
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

#[test]
fn only_text_is_progress() {
    let role = delta(r#""role":"assistant","content":"""#);
    let blank = delta(r#""content":" \n ""#);
    let reasoning = delta(r#""reasoning_content":"héh""#);
    let content = delta(r#""content":"a b""#);
    let (answer, progress) = absorb(&[&role, &blank, &reasoning, &content, r#"{"choices":[]}"#]);
    assert_eq!(progress.iter().map(|one| one.chars).collect::<Vec<_>>(), [0, 0, 3, 3, 0]);
    assert_eq!(progress[3].content_chars, 3);
    assert_eq!((answer.text.as_str(), answer.reasoning.as_str()), (" \n a b", "héh"));
}

#[test]
fn tool_calls_are_merged_by_index_else_id_else_last() {
    let split = tools(&[
        r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x"}}"#,
        r#"{"index":1,"id":"b","function":{"name":"g","arguments":""}}"#,
        r#"{"index":0,"function":{"arguments":"\":1}"}}"#,
        r#"{"index":1,"function":{"arguments":"{}"}}"#,
    ]);
    assert_eq!(split, [call("a", "f", r#"{"x":1}"#), call("b", "g", "{}")]);
    let by_id = tools(&[
        r#"{"id":"a","function":{"name":"f","arguments":"1"}}"#,
        r#"{"id":"b","function":{"name":"g","arguments":"2"}}"#,
        r#"{"id":"a","function":{"name":"f","arguments":"3"}}"#,
        r#"{"function":{"arguments":"4"}}"#,
    ]);
    assert_eq!(by_id, [call("a", "f", "13"), call("b", "g", "24")]);
}

#[test]
fn a_piece_with_nothing_in_it_begins_no_call() {
    for nothing in [r#"{}"#, r#"{"index":0}"#, r#"{"index":0,"id":"","type":"function","function":{}}"#] {
        assert!(tools(&[nothing]).is_empty(), "{nothing}");
        let begun = r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#;
        assert_eq!(tools(&[nothing, begun, nothing]), [call("a", "f", "{}")], "{nothing}");
    }
}

#[test]
fn a_call_without_a_name_is_unreadable() {
    let mut answer = Answer { finish: Some("tool_calls".to_owned()), done: true, ..Answer::default() };
    answer.tool_calls = vec![call("a", "f", "{}"), call("b", " ", "{}")];
    assert_eq!(answer.judge(), Err((Cause::Malformed, "a tool call has no name".to_owned())));
    answer.finish = Some("length".to_owned());
    assert_eq!(answer.judge(), Ok(Ending::Truncated));
}

#[test]
fn calls_that_share_an_index_stay_apart_and_names_are_not_doubled() {
    let shared = tools(&[
        r#"{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}"#,
        r#"{"index":0,"id":"b","function":{"name":"f","arguments":"2"}}"#,
        r#"{"index":0,"id":"b","function":{"name":"f","arguments":"3"}}"#,
    ]);
    assert_eq!(shared, [call("a", "f", "1"), call("b", "f", "23")]);
}

fn judged(finish: &str, text: &str, done: bool) -> Result<Ending, Cause> {
    let finish = (!finish.is_empty()).then(|| finish.to_owned());
    let answer = Answer { finish, text: text.to_owned(), done, ..Answer::default() };
    answer.judge().map_err(|(cause, _)| cause)
}

#[test]
fn an_answer_is_worth_what_its_end_says() {
    assert_eq!(judged("stop", "x", true), Ok(Ending::Whole));
    assert_eq!(judged("stop", "x", false), Ok(Ending::Unterminated));
    assert_eq!(judged("", "x", true), Ok(Ending::Unterminated));
    assert_eq!(judged("length", "x", true), Ok(Ending::Truncated));
    assert_eq!(judged("length", "x", false), Ok(Ending::Truncated));
    assert_eq!(judged("", "x", false), Err(Cause::Cut));
    assert_eq!(judged("stop", " \n", true), Err(Cause::EmptyAnswer));
    assert_eq!(judged("length", "", true), Err(Cause::EmptyAnswer));
    assert_eq!(judged("", "", true), Err(Cause::EmptyAnswer));
    assert_eq!(judged("network_error", "x", true), Err(Cause::Server));
    assert_eq!(judged("error", "x", true), Err(Cause::Server));
    assert_eq!(judged("sensitive", "x", true), Err(Cause::Policy));
    assert_eq!(judged("content_filter", "", false), Err(Cause::Policy));
    assert_eq!(judged("model_context_window_exceeded", "x", true), Err(Cause::ContextOverflow));
    for broken in ["abort", "insufficient_system_resource"] {
        assert_eq!(judged(broken, "x", true), Err(Cause::Server), "{broken}");
    }
    assert_eq!(judged("refusal", "x", true), Err(Cause::Policy));
    for whole in ["STOP", "tool_calls", "end_turn", "eos_token"] {
        assert_eq!(judged(whole, "x", true), Ok(Ending::Whole), "{whole}");
        assert_eq!(judged(whole, "x", false), Ok(Ending::Unterminated), "{whole}");
    }
    assert_eq!(judged("MAX_TOKENS", "x", true), Ok(Ending::Truncated));
    // What nobody knows may say anything, also that it is not whole.
    assert_eq!(judged("other", "x", true), Ok(Ending::Unterminated));
    assert_eq!(judged("other", "", true), Err(Cause::EmptyAnswer));
}

#[test]
fn of_usages_that_grow_the_last_counts() {
    let usage = |n: u32| format!(r#"{{"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":{n}}}}}"#);
    let (answer, _) = absorb(&[&usage(1), &usage(2), r#"{"choices":[],"usage":null}"#]);
    assert_eq!(answer.usage.map(|usage| usage.completion_tokens), Some(2));
}

#[test]
fn a_refusal_instead_of_content_is_one_by_the_rules() {
    let (mut answer, progress) =
        absorb(&[&delta(r#""refusal":"I can't ""#), &delta(r#""refusal":"help.","content":null"#)]);
    assert_eq!(
        progress.iter().map(|one| (one.chars, one.content_chars)).collect::<Vec<_>>(),
        [(8, 0), (5, 0)]
    );
    answer.finish = Some("stop".to_owned());
    answer.done = true;
    assert_eq!(answer.judge(), Err((Cause::Policy, "the model refuses: I can't help.".to_owned())));
    assert_eq!(answer.judge_rest().unwrap_err().0, Cause::Policy);
    answer.text.push_str("But here is something.");
    assert_eq!(answer.judge(), Ok(Ending::Whole));
}

#[test]
fn a_tool_call_is_an_answer() {
    let mut answer = Answer { finish: Some("tool_calls".to_owned()), done: true, ..Answer::default() };
    answer.tool_calls.push(call("a", "f", "{}"));
    assert_eq!(answer.judge(), Ok(Ending::Whole));
}

#[test]
fn an_answer_without_end_is_refused_at_the_bound() {
    let text = delta(&format!(r#""content":"{}""#, "x".repeat(1 << 20)));
    let Ok(Parsed::Piece(chunk)) = Chunk::parse(text.as_bytes()) else { panic!() };
    let mut answer = Answer::default();
    let taken = (0..64).take_while(|_| answer.absorb(&chunk).is_ok()).count();
    assert_eq!(taken, ANSWER_BYTES_MAX >> 20);
}

#[test]
fn a_rest_that_ends_at_once_ends_a_whole_answer() {
    let judged = |finish: &str, done| {
        let answer = Answer { finish: Some(finish.to_owned()), done, ..Answer::default() };
        answer.judge_rest().map_err(|(cause, _)| cause)
    };
    assert_eq!(judged("stop", true), Ok(Ending::Whole));
    assert_eq!(judged("stop", false), Ok(Ending::Unterminated));
    assert_eq!(judged("length", true), Err(Cause::EmptyAnswer));
    assert_eq!(judged("content_filter", true), Err(Cause::Policy));
}

use serde_json::{Value, json};

use super::conversation::Turn;
use super::words::{bytes, cost, now_ms, utc};
use super::{call_list, conversation_list, markdown, sheet};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn call(change: Value) -> Value {
    let mut call = json!({"key": KEY, "tool": "chat", "class": "metered", "state": "kept", "outcome": "ok",
        "asked_ms": now_ms() - 61_000, "ended_ms": now_ms() - 31_000, "attempts": 2, "provider": "glm",
        "model": "glm-5.3", "bytes": 2048, "waiters": 0, "detached": true, "adopted": false,
        "spent": {"input_tokens": 1200, "cached_tokens": 300, "output_tokens": 450, "usd": 0.01234, "whole": true}});
    for (name, value) in change.as_object().unwrap() {
        call[name] = value.clone();
    }
    call
}

#[test]
fn calls_stand_in_a_table_and_what_is_not_known_is_a_dash() {
    assert_eq!(call_list(&json!({"calls": [], "left_out": 0})), "no calls\n");
    let parked = json!({"key": KEY, "tool": "", "class": "metered", "state": "parked", "attempts": 0, "bytes": 0,
        "asked_ms": now_ms() - 7_200_000, "spent": null, "outcome": null});
    let running = call(json!({"state": "running", "outcome": null, "bytes": 0, "spent": null}));
    let page = call_list(&json!({"calls": [call(json!({})), running, parked], "left_out": 3}));
    let expected = "\
key           age   state    tool  model        attempts  outcome  size     cost
0123456789ab  61 s  kept     chat  glm/glm-5.3  2         ok       2.0 KiB  $0.0123
0123456789ab  61 s  running  chat  glm/glm-5.3  2         -        -        -
0123456789ab  2 h   parked   -     -            0         -        -        -
and 3 older ones
";
    assert_eq!(page, expected);
}

#[test]
fn a_call_that_its_host_took_back_is_delivered_to_nobody() {
    for state in ["kept", "delivered"] {
        let taken_back = call(json!({"state": state, "outcome": "cancelled", "detached": false}));
        let page = sheet(&json!({"call": taken_back}));
        assert!(page.contains("state     cancelled: its host took it back, and is told nothing\n"), "{page}");
        let page = call_list(&json!({"calls": [taken_back]}));
        assert!(page.contains("61 s  cancelled  chat") && !page.contains(state), "{page}");
    }
}

#[test]
fn a_cost_is_no_guess() {
    let spent = |usd: Value, whole: bool| cost(&json!({"usd": usd, "whole": whole}));
    assert_eq!(spent(json!(0.5), true), "$0.5000");
    assert_eq!(spent(json!(0.5), false), ">= $0.5000");
    assert_eq!(spent(json!(0.00001), true), "< $0.0001");
    assert_eq!(spent(json!(0.0), true), "$0");
    assert_eq!(spent(Value::Null, true), "-");
    assert_eq!(cost(&Value::Null), "-");
}

#[test]
fn a_call_is_shown_with_its_attempts_its_cost_and_its_answer() {
    let attempts = json!([
        {"n": 1, "provider": "glm", "model": "glm-5.3", "at_ms": now_ms() - 60_000, "continues": 0, "cut": true},
        {"n": 2, "provider": "glm", "model": "glm-5.3", "at_ms": now_ms() - 40_000, "continues": 100, "cut": false}]);
    let result = json!({"content": [{"type": "text", "text": "the answer"}]});
    let told = json!({"call": call(json!({})), "left_ms": null, "attempts": attempts, "partial_bytes": null,
        "result": result});
    let expected = "\
call      0123456789abcdef0123456789abcdef
state     kept: nobody has fetched the answer yet; its host was told how to fetch it
tool      chat (metered)
asked     61 s ago
ended     31 s ago: ok, 2.0 KiB
attempt   #1 glm-5.3 (glm), 60 s ago, cut when the daemon was stopped
attempt   #2 glm-5.3 (glm), 40 s ago, went on from 100 B of text
tokens    1200 in (300 of them cached), 450 out
cost      $0.0123

the answer
";
    assert_eq!(sheet(&told), expected);
    let running =
        call(json!({"state": "running", "outcome": null, "ended_ms": null, "spent": null, "waiters": 1,
        "detached": false}));
    let told =
        json!({"call": running, "left_ms": 90_000, "attempts": [], "partial_bytes": 2048, "result": null});
    let page = sheet(&told);
    for line in
        ["; hosts that wait: 1\n", "deadline  in 90 s\n", "text      2.0 KiB kept of what has come so far\n"]
    {
        assert!(page.contains(line), "{line} is not in:\n{page}");
    }
}

#[test]
fn conversations_stand_in_a_table() {
    assert_eq!(conversation_list(&json!({"conversations": []})), "no conversations\n");
    let one = json!({"id": KEY, "turns": 2, "bytes": 100, "began_ms": now_ms() - 90_000, "last_ms": now_ms() - 30_000,
        "first": "Why is the sky blue?"});
    let expected = "\
conversation                      turns  size   begun     last turn  first question
0123456789abcdef0123456789abcdef  2      100 B  90 s ago  30 s ago   Why is the sky blue?
";
    assert_eq!(conversation_list(&json!({"conversations": [one], "left_out": 0})), expected);
}

#[test]
fn a_turn_as_markdown_names_its_files() {
    let turn = json!({"seq": 2, "at_ms": 1_709_210_096_000_u64, "exchange": {"prompt": "Why?\n", "model": "glm",
        "system": "Be brief.", "answer": "Because.", "files": [{"path": "/a.txt", "bytes": 5, "text": "secret"}]}});
    let expected = "\
## 2, 2024-02-29 12:34:56 UTC

Model asked for: glm

### System

Be brief.

### Question

Why?

- file /a.txt (5 B)

### Answer

Because.
";
    assert_eq!(markdown(Turn(&turn)), expected);
}

#[test]
fn moments_and_sizes_are_those_of_the_calendar() {
    assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
    assert_eq!(utc(951_782_399_000), "2000-02-28 23:59:59 UTC");
    assert_eq!(utc(1_798_761_599_999), "2026-12-31 23:59:59 UTC");
    assert_eq!(utc(4_107_542_400_000), "2100-03-01 00:00:00 UTC");
    assert_eq!(
        (bytes(1023), bytes(1536), bytes(3 << 20)),
        ("1023 B".to_owned(), "1.5 KiB".to_owned(), "3.0 MiB".to_owned())
    );
}

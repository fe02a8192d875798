use super::*;

fn piece(text: &str) -> Chunk<'_> {
    match Chunk::parse(text.as_bytes()) {
        Ok(Parsed::Piece(chunk)) => chunk,
        other => panic!("{text}: {other:?}"),
    }
}

fn content(text: &str) -> String {
    let chunk = piece(text);
    let choice = chunk.choice().unwrap();
    choice.delta().map(|delta| delta.content.0.clone().into_owned()).unwrap_or_default()
}

#[test]
fn text_is_borrowed_where_it_can_be() {
    let text =
        r#"{"id":"x","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"}}]}"#;
    let chunk = piece(text);
    assert!(matches!(
        chunk.choice().unwrap().delta().unwrap().content.0,
        std::borrow::Cow::Borrowed("Hello")
    ));
    assert_eq!(content(r#"{"choices":[{"delta":{"content":"a\nb\u00e9"}}]}"#), "a\nbé");
}

#[test]
fn differences_that_do_not_matter_do_not() {
    for text in [
        r#"{"id":null,"choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"id":7,"model":null,"choices":[{"index":0,"delta":{"role":"assistant","role":"assistant","content":"x","n":{}}}],"usage":null}"#,
        r#"{"choices":[{"delta":{"content":[{"type":"text","text":"x"}]},"finish_reason":null}],"timings":{"a":1}}"#,
        r#"{"choices":[{"message":{"content":"x"},"logprobs":null}],"error":null,"obfuscation":"zz"}"#,
    ] {
        assert_eq!(content(text), "x", "{text}");
    }
    for text in
        [r#"{"choices":[]}"#, r#"{"choices":null,"usage":{"prompt_tokens":1}}"#, r#"{"id":"x"}"#, "{}"]
    {
        assert!(piece(text).choice().is_none(), "{text}");
    }
    assert_eq!(content(r#"{"choices":[{"delta":null}]}"#), "");
    assert_eq!(content(r#"{"choices":[{"finish_reason":"stop"}]}"#), "");
    assert_eq!(content(r#"{"choices":[{"delta":{"content":null,"tool_calls":null}}]}"#), "");
}

#[test]
fn reasoning_has_three_names() {
    for name in ["reasoning_content", "reasoning", "thinking"] {
        let text = format!(r#"{{"choices":[{{"delta":{{"{name}":"hm"}}}}]}}"#);
        assert_eq!(piece(&text).choice().unwrap().delta().unwrap().reasoning(), "hm");
    }
}

#[test]
fn usage_stands_in_three_places() {
    let glm = r#"{"choices":[{"finish_reason":"stop","delta":{}}],"usage":{"prompt_tokens":8,"completion_tokens":262,
        "total_tokens":270,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":200}}}"#;
    let expected =
        Usage { prompt_tokens: 8, completion_tokens: 262, cached_tokens: 2, reasoning_tokens: 200 };
    assert_eq!(piece(glm).usage(), Some(expected));
    let kimi = r#"{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":19,"completion_tokens":13,"cached_tokens":4}}]}"#;
    let expected = Usage { prompt_tokens: 19, completion_tokens: 13, cached_tokens: 4, reasoning_tokens: 0 };
    assert_eq!(piece(kimi).usage(), Some(expected));
    let openai =
        r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2.0,"prompt_tokens_details":null}}"#;
    assert_eq!(piece(openai).usage().unwrap().completion_tokens, 2);
}

#[test]
fn errors_are_known_in_every_shape() {
    for text in [
        r#"{"error":{"code":"1302","message":"m"}}"#,
        r#"{"id":"x","choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"m"}}"#,
        r#"{"error":"m"}"#,
        r#"[{"error":{"code":429,"message":"m"}}]"#,
        r#"{"object":"error","message":"m","code":400}"#,
    ] {
        match Chunk::parse(text.as_bytes()) {
            Ok(Parsed::Error(error)) => assert_eq!(error.message, "m", "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_state_beside_the_answer_is_an_error_only_where_it_says_so() {
    let with = |choices: &str, code: u32| {
        format!(r#"{{"choices":{choices},"base_resp":{{"status_code":{code},"status_msg":"m"}}}}"#)
    };
    assert!(
        matches!(Chunk::parse(with("null", 1008).as_bytes()), Ok(Parsed::Error(error)) if error.message == "m")
    );
    assert!(matches!(Chunk::parse(with("null", 0).as_bytes()), Ok(Parsed::Piece(_))));
    assert_eq!(content(&with(r#"[{"delta":{"content":"x"}}]"#, 0)), "x");
}

#[test]
fn anything_else_is_no_chunk() {
    for text in ["{", "7", "[]", r#"{"choices":[{"delta"#, "\u{1}"] {
        assert!(matches!(Chunk::parse(text.as_bytes()), Err(NotAChunk)), "{text}");
    }
    assert!(Chunk::parse(b"{\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}").is_err());
}

#[test]
fn absurd_counts_are_no_usage() {
    for absurd in ["1e300", "18446744073709551615", "\"18446744073709551615\""] {
        let chunk = format!(r#"{{"choices":[],"usage":{{"prompt_tokens":1,"completion_tokens":{absurd}}}}}"#);
        assert_eq!(piece(&chunk).usage(), None, "{absurd}");
        let chunk = format!(
            r#"{{"choices":[],"usage":{{"prompt_tokens":1,"completion_tokens":2,"cached_tokens":{absurd}}}}}"#
        );
        assert_eq!(piece(&chunk).usage().map(|usage| usage.cached_tokens), Some(0), "{absurd}");
    }
}

#[test]
fn of_many_choices_only_the_one_that_was_asked_for_is_taken() {
    for other in ["1", "7", "\"1\"", "18446744073709551615"] {
        let second = format!(r#"{{"index":{other},"delta":{{"content":"y"}},"finish_reason":"stop"}}"#);
        assert!(piece(&format!(r#"{{"choices":[{second}]}}"#)).choice().is_none(), "{other}");
        let first = r#"{"index":0,"delta":{"content":"x"}}"#;
        for both in [format!("{first},{second}"), format!("{second},{first}")] {
            let chunk = format!(r#"{{"choices":[{both}]}}"#);
            assert_eq!(content(&chunk), "x", "{chunk}");
            assert!(piece(&chunk).choice().unwrap().finish_reason.0.is_empty());
        }
    }
    for none in ["0", "null", "\"0\"", "false", "{}", "-1"] {
        assert_eq!(content(&format!(r#"{{"choices":[{{"index":{none},"delta":{{"content":"x"}}}}]}}"#)), "x");
    }
}

#[test]
fn what_stands_beside_a_text_and_is_of_no_use_costs_none_of_it() {
    const ODD: [&str; 10] =
        ["\"soon\"", "\"\"", "7", "-7", "1.5", "true", "false", "[1,2,3]", "[]", r#"{"a":[{}]}"#];
    for odd in ODD {
        for beside in ["usage", "id", "object", "created", "model", "system_fingerprint", "service_tier"] {
            let chunk = format!(r#"{{"{beside}":{odd},"choices":[{{"delta":{{"content":"x"}}}}]}}"#);
            assert_eq!(content(&chunk), "x", "{chunk}");
        }
        for beside in ["usage", "finish_reason", "logprobs", "stop_reason"] {
            let chunk = format!(r#"{{"choices":[{{"delta":{{"content":"x"}},"{beside}":{odd}}}]}}"#);
            assert_eq!(content(&chunk), "x", "{chunk}");
        }
        for beside in ["role", "reasoning", "refusal", "annotations", "function_call"] {
            let chunk = format!(r#"{{"choices":[{{"delta":{{"{beside}":{odd},"content":"x"}}}}]}}"#);
            assert_eq!(content(&chunk), "x", "{chunk}");
        }
    }
    for empty in ["false", "0", "\"\"", "{}", "[]", "null"] {
        let chunk = format!(r#"{{"choices":[{{"delta":{{"content":"x"}}}}],"error":{empty}}}"#);
        assert_eq!(content(&chunk), "x", "{chunk}");
    }
    for empty in ["false", "0", "-1", "0.5", "\"\"", "{}", "[]", "null"] {
        let chunk = format!(r#"{{"choices":[{{"delta":{{"tool_calls":{empty},"content":"x"}}}}]}}"#);
        assert_eq!(content(&chunk), "x", "{chunk}");
    }
    // A call that can't be read is one that the answer lacks.
    let call = r#"{"choices":[{"delta":{"tool_calls":{"id":"a"},"content":"x"}}]}"#;
    assert!(Chunk::parse(call.as_bytes()).is_err());
}

#[test]
fn usage_of_another_shape_is_none() {
    for odd in ["\"soon\"", "7", "true", "[1,2,3]", "[]", r#"{"prompt_tokens":1,"prompt_tokens":1e99}"#] {
        assert_eq!(piece(&format!(r#"{{"choices":[],"usage":{odd}}}"#)).usage(), None, "{odd}");
        assert_eq!(piece(&format!(r#"{{"choices":[{{"usage":{odd}}}]}}"#)).usage(), None, "{odd}");
        // Nor does it keep that of the choice from counting, or an error from being one.
        let counts = r#"{"prompt_tokens":1,"completion_tokens":2}"#;
        let both = format!(r#"{{"choices":[{{"usage":{counts}}}],"usage":{odd}}}"#);
        if !odd.starts_with('{') {
            assert_eq!(piece(&both).usage().map(|usage| usage.completion_tokens), Some(2), "{both}");
            let error = format!(r#"{{"usage":{odd},"message":"m","code":400}}"#);
            assert!(matches!(Chunk::parse(error.as_bytes()), Ok(Parsed::Error(_))), "{error}");
        }
        let details = format!(
            r#"{{"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{odd}}}}}"#
        );
        let usage = piece(&details).usage().unwrap();
        assert_eq!((usage.prompt_tokens, usage.cached_tokens), (9, 0), "{odd}");
    }
}

#[test]
fn of_what_stands_twice_the_last_counts() {
    for (chunk, text) in [
        (r#"{"choices":[{"delta":{"content":"a"}}],"choices":[{"delta":{"content":"b"}}]}"#, "b"),
        (r#"{"choices":[{"delta":{"content":"a"},"delta":{"content":"b"}}]}"#, "b"),
        (r#"{"choices":[{"delta":{"content":"a","content":"b"}}]}"#, "b"),
        (r#"{"model":"m","choices":[{"index":1,"delta":{"content":"b"},"index":0}],"model":"m"}"#, "b"),
        (
            r#"{"usage":null,"choices":[{"delta":{"content":"b"}}],"usage":null,"error":null,"error":null}"#,
            "b",
        ),
    ] {
        assert_eq!(content(chunk), text, "{chunk}");
    }
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens":3}}"#;
    assert_eq!(piece(usage).usage().map(|usage| usage.prompt_tokens), Some(3));
    let call =
        r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","id":"b","function":{"name":"f","name":"g"}}]}}]}"#;
    let chunk = piece(call);
    let call = &chunk.choice().unwrap().delta().unwrap().tool_calls()[0];
    assert_eq!((&*call.id.0, &*call.function.as_ref().unwrap().name.0), ("b", "g"));
}

#[test]
fn of_many_choices_the_others_are_passed_over() {
    // Not even looked at.
    for others in [",{}", r#",{"delta":{"content":"y"}}"#, ",7", ",null"] {
        let many = format!(r#"{{"choices":[{{"delta":{{"content":"x"}}}}{}]}}"#, others.repeat(10_000));
        assert_eq!(content(&many), "x", "{others}");
    }
}

#[test]
fn more_pieces_of_calls_than_any_model_makes_at_once_are_no_chunk() {
    let calls = |count: usize| {
        let calls = vec!["{}"; count].join(",");
        format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{calls}]}}}}]}}"#)
    };
    assert_eq!(piece(&calls(1000)).choice().unwrap().delta().unwrap().tool_calls().len(), 1000);
    assert!(Chunk::parse(calls(100_000).as_bytes()).is_err());
}

#[test]
fn what_is_too_long_for_an_error_is_none() {
    let long = format!("[{}1]", "1,".repeat(1 << 20));
    for odd in [format!(r#"[{{"message":"m"}},{long}]"#), format!(r#"{{"message":"m","odd":{long}}}"#)] {
        assert!(!matches!(Chunk::parse(odd.as_bytes()), Ok(Parsed::Error(_))));
    }
    // Of one that says that it is one, the beginning is told.
    let error = format!(r#"{{"error":{{"code":"1302","odd":{long}}}}}"#);
    assert!(
        matches!(Chunk::parse(error.as_bytes()), Ok(Parsed::Error(error)) if error.message.len() == 64 << 10)
    );
}

//! Whatever comes, in whatever pieces: no more is held than one line, one event, and the longest answer.

use super::*;
use crate::answer::ANSWER_BYTES_MAX;
use crate::sse::LINE_BYTES_MAX;

/// What a decoder may hold: a line, and an event with the LF of its last line.
const DECODER_MAX: usize = LINE_BYTES_MAX + LINE_BYTES_MAX + 2;

/// What a body may hold: texts grow by doubling, and the delta that is too much is noticed once it is there; finish reason
/// and model are each as long as a line at most.
const BODY_MAX: usize = 2 * (ANSWER_BYTES_MAX + LINE_BYTES_MAX) + 2 * LINE_BYTES_MAX + DECODER_MAX;

fn held(stream: &Stream) -> usize {
    let form = match &stream.form {
        Form::Unknown(head) => head.decoder.held(),
        Form::Events(decoder) => decoder.held(),
        Form::Whole(kept) | Form::Page(kept) => kept.capacity(),
    };
    let answer = &stream.answer;
    let texts = [&answer.text, &answer.reasoning, &answer.refusal]
        .into_iter()
        .chain([&answer.finish, &answer.model, &stream.sample].into_iter().flatten());
    let calls = answer.tool_calls.iter().flat_map(|call| [&call.id, &call.name, &call.arguments]);
    form + texts.chain(calls).map(String::capacity).sum::<usize>()
}

/// Lengths on both sides of every bound.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => 0_usize..100,
        2 => 0..(64_usize << 10),
        3 => 0..(2 * LINE_BYTES_MAX),
        2 => LINE_BYTES_MAX - 8..LINE_BYTES_MAX + 3,
    ]
}

/// Parts of a body, well formed and not: what comes before so many bytes, and what after.
fn part() -> impl Strategy<Value = (&'static str, usize, &'static str)> {
    let around = prop_oneof![
        Just(("data: ", "\n")),
        Just(("data: ", "\n\n")),
        Just(("data:", "\r")),
        Just(("error: ", "\r\n")),
        Just(("event: error\ndata: ", "\n")),
        Just((": ", "\n")),
        Just(("", "")),
        Just(("", "\n")),
        Just(("data\n\n", "")),
        Just(("<", "")),
        Just(("{", "")),
    ];
    (around, length()).prop_map(|((before, after), bytes)| (before, bytes, after))
}

/// Parts of an answer, as the one field of a chunk that grows.
fn field() -> impl Strategy<Value = (&'static str, usize, &'static str)> {
    let around = prop_oneof![
        Just((r#""delta":{"content":""#, r#""}"#)),
        Just((r#""delta":{"reasoning_content":""#, r#""}"#)),
        Just((r#""delta":{"refusal":""#, r#""}"#)),
        Just((r#""delta":{"tool_calls":[{"index":0,"function":{"arguments":""#, r#""}}]}"#)),
        Just((r#""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":""#, r#""}}]}"#)),
        Just((r#""delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":""#, r#""}}]}"#)),
        Just((r#""delta":{"tool_calls":[{"index":0,"id":""#, r#""}]}"#)),
        Just((r#""delta":{},"finish_reason":""#, r#"""#)),
    ];
    (around, length()).prop_map(|((before, after), bytes)| (before, bytes, after))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_decoder_holds_one_line_and_one_event(
        parts in prop::collection::vec(part(), 1..12),
        size in prop_oneof![1000_usize..3000, 60_000_usize..70_000, Just(usize::MAX)],
    ) {
        let mut decoder = Decoder::default();
        'all: for (before, bytes, after) in parts {
            let bytes = [before.as_bytes(), &vec![b'x'; bytes], after.as_bytes()].concat();
            for mut piece in bytes.chunks(size) {
                loop {
                    match decoder.next(&mut piece) {
                        Ok(Some(event)) => prop_assert!(event.data.len() <= LINE_BYTES_MAX),
                        Ok(None) => break,
                        Err(TooLong) => break 'all,
                    }
                    prop_assert!(decoder.held() <= DECODER_MAX, "{}", decoder.held());
                }
                prop_assert!(decoder.held() <= DECODER_MAX, "{}", decoder.held());
            }
        }
    }

    #[test]
    fn a_body_holds_no_more_than_the_longest_answer(
        parts in prop::collection::vec(prop_oneof![1 => part(), 6 => field()], 1..24),
        size in prop_oneof![1000_usize..3000, 60_000_usize..70_000, Just(usize::MAX)],
    ) {
        let mut stream = Stream::default();
        for (before, bytes, after) in parts {
            let text = vec![b'x'; bytes];
            let part = if before.starts_with('"') {
                let (head, tail) = (b"data: {\"choices\":[{".as_slice(), b"}]}\n\n".as_slice());
                [head, before.as_bytes(), &text, after.as_bytes(), tail].concat()
            } else {
                [before.as_bytes(), &text, after.as_bytes()].concat()
            };
            for piece in part.chunks(size) {
                let broken = stream.feed(piece).is_err();
                prop_assert!(held(&stream) <= BODY_MAX, "{}", held(&stream));
                if broken {
                    return Ok(());
                }
            }
        }
    }
}

#[test]
fn names_and_ids_of_calls_count() {
    let long = "x".repeat(1 << 20);
    let mut stream = Stream::default();
    let mut calls = 0;
    let broken = loop {
        let call = format!(r#"{{"index":{calls},"id":"{calls}{long}","function":{{"name":"{long}"}}}}"#);
        let chunk = format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n");
        if let Err(broken) = stream.feed(chunk.as_bytes()) {
            break broken;
        }
        calls += 1;
        assert!(calls <= 8, "{calls} calls of 2 MiB");
    };
    assert!(matches!(broken, Broken::TooLarge(_)), "{broken:?}");
}

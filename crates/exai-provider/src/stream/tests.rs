use proptest::prelude::*;

use super::*;

mod bounds;
mod fixtures;

fn feed(pieces: &[&[u8]]) -> (Stream, Result<(), Broken>) {
    let mut stream = Stream::default();
    for piece in pieces {
        if let Err(broken) = stream.feed(piece) {
            return (stream, Err(broken));
        }
    }
    let end = if stream.answer.done { Ok(()) } else { stream.finish() };
    (stream, end)
}

const PIECE: &[u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";

#[test]
fn a_stream_is_read_to_its_end_mark_and_no_further() {
    let (stream, end) = feed(&[b"\r\n", b": hi\n\n", PIECE, PIECE, b"data: [DONE]\n\n", PIECE]);
    assert_eq!((stream.answer.text.as_str(), stream.answer.done, end), ("xx", true, Ok(())));
    let (stream, end) = feed(&[PIECE, b"data: [DONE]\n\ndata: {\"error\":\"late\"}\n\n"]);
    assert_eq!((stream.answer.text.as_str(), stream.answer.done, end), ("x", true, Ok(())));
}

#[test]
fn a_body_that_just_ends_has_no_end_mark() {
    let (stream, end) = feed(&[PIECE]);
    assert_eq!((stream.answer.done, end), (false, Ok(())));
    let (stream, _) = feed(&[PIECE, b"data: [DONE]"]);
    assert!(stream.answer.done);
}

#[test]
fn json_instead_of_a_stream_is_an_answer_or_an_error() {
    let (stream, end) =
        feed(&[b" {\"choices\":[{\"message\":{\"content\":\"x\"},", b"\"finish_reason\":\"stop\"}]}"]);
    assert_eq!((stream.answer.text.as_str(), stream.answer.done, end), ("x", true, Ok(())));
    let (_, end) = feed(&[br#"{"error":{"code":"1302","message":"busy"}}"#]);
    assert!(matches!(end, Err(Broken::Error(error)) if error.code.as_deref() == Some("1302")));
}

#[test]
fn a_page_instead_of_a_stream_is_quoted() {
    let (stream, end) = feed(&[b"\xEF\xBB\xBF\n<html><h1>502 Bad Gateway</h1>"]);
    assert_eq!((end, stream.page().as_deref()), (Err(Broken::Page), Some("a page: 502 Bad Gateway")));
}

#[test]
fn a_cut_through_what_comes_first_changes_nothing() {
    let bodies: [&[u8]; 6] = [
        "\u{feff}{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}".as_bytes(),
        "\u{feff}\n<h1>busy</h1>".as_bytes(),
        "\u{feff}data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n".as_bytes(),
        // No marks: one after a blank, and one that was begun only. Both lines are nobody's.
        "\n\u{feff}data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n".as_bytes(),
        b"\xEF\xBB{\"choices\":[{\"message\":{\"content\":\"x\"}}]}",
        // No field either: its name begins with a blank.
        b" data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n",
    ];
    let texts = ["x", "", "x", "", "", ""];
    for (body, text) in bodies.into_iter().zip(texts) {
        for at in 0..=body.len() {
            let (stream, end) = feed(&[&body[..at], &body[at..]]);
            let (whole, whole_end) = feed(&[body]);
            assert_eq!((stream.answer.text.as_str(), &end), (text, &whole_end), "cut at {at}");
            assert_eq!((stream.answer.done, stream.page()), (whole.answer.done, whole.page()), "cut at {at}");
        }
    }
}

#[test]
fn an_empty_body_is_an_empty_answer() {
    for pieces in [&[][..], &[b"\n\n".as_slice()]] {
        let (stream, end) = feed(pieces);
        assert!(end.is_ok() && stream.answer.judge().is_err());
    }
}

#[test]
fn one_unreadable_chunk_is_passed_over_and_the_second_is_not() {
    let bad = b"data: {\"choices\":[{\n\n".as_slice();
    let (stream, end) = feed(&[PIECE, bad, PIECE, b"data: [DONE]\n\n"]);
    assert_eq!((stream.answer.text.as_str(), stream.unreadable, end), ("xx", 1, Ok(())));
    let (stream, end) = feed(&[PIECE, bad, bad, PIECE]);
    assert!(matches!(end, Err(Broken::Malformed(_))));
    assert_eq!(stream.answer.text, "x");
    assert_eq!(stream.sample.as_deref(), Some("{\"choices\":[{"), "of the first, which was passed over");
}

#[test]
fn errors_inside_the_stream_end_it() {
    for error in [
        b"data: {\"error\":{\"code\":\"1302\",\"message\":\"m\"}}\n\n".as_slice(),
        b"event: error\ndata: {\"code\":\"1302\",\"message\":\"m\"}\n\n",
        b"error: {\"code\":1302,\"message\":\"m\"}\n\n",
    ] {
        let (stream, end) = feed(&[PIECE, error]);
        assert!(matches!(end, Err(Broken::Error(error)) if error.code.as_deref() == Some("1302")));
        assert_eq!(stream.answer.text, "x");
    }
}

#[test]
fn a_line_beyond_the_bound_ends_the_stream() {
    let piece = vec![b'x'; 1 << 20];
    let pieces: Vec<&[u8]> =
        std::iter::once(b"data: ".as_slice()).chain((0..6).map(|_| piece.as_slice())).collect();
    assert!(matches!(feed(&pieces).1, Err(Broken::Malformed(_))));
}

/// What a provider sends, with all that is awkward in it.
const AWKWARD: &str = "\u{feff}: OPENROUTER PROCESSING\r\n\r\n\
    data: {\"id\":null,\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\r\
    data: {\"id\":7,\"choices\":[{\"delta\":{\"reasoning_content\":\"世界🙂\"}}]}\n\n\
    data:{\"choices\":[{\"delta\":{\"content\":\"h\u{e9}\\u00e9\"}}]}\r\n\r\n\
    data: {\"choices\":[{\"delta\":\n\
    data: {\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\"}}]}}]}\n\n\
    data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\":1}\"}}]}}]}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\",\"usage\":{\"completion_tokens\":5}}]}\n\n\
    data: [DONE]";

proptest! {
    #[test]
    fn no_cut_changes_an_answer(mut cuts in prop::collection::vec(0..AWKWARD.len(), 0..40)) {
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in cuts.into_iter().chain([AWKWARD.len()]) {
            pieces.push(&AWKWARD.as_bytes()[from..to]);
            from = to;
        }
        let (stream, end) = feed(&pieces);
        let answer = stream.answer;
        prop_assert_eq!((end, answer.done, stream.unreadable), (Ok(()), true, 0));
        prop_assert_eq!((answer.text.as_str(), answer.reasoning.as_str()), ("h\u{e9}\u{e9}", "世界🙂"));
        prop_assert_eq!(answer.tool_calls[0].arguments.as_str(), "{\"x\":1}");
        prop_assert_eq!((answer.finish.as_deref(), answer.usage.unwrap().completion_tokens), (Some("tool_calls"), 5));
    }
}

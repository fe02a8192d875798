//! F23 to F25: bodies that are too much, and bodies in which the same is said in odd ways. That no more is held than a bound,
//! whatever comes, the tests of the decoder and of the stream tell.

use super::*;

fn piece_of(text: &str) -> Vec<u8> {
    let Do::Send(bytes) = content(text) else { unreachable!() };
    bytes
}

fn for_ever(bytes: Vec<u8>) -> Do {
    Do::Repeat(bytes, Duration::from_millis(1))
}

#[tokio::test(start_paused = true)]
pub(super) async fn f23_a_line_or_event_without_end_is_unreadable_and_falls_back() {
    let data = [b"data: ".as_slice(), &vec![b'x'; 1 << 20], b"\n"].concat();
    for endless in [vec![b'x'; 1 << 20], data, vec![b' '; 1 << 16]] {
        let endless = stream(vec![content("half"), for_ever(endless)]);
        let played = play(vec![endless.clone(), endless], vec![says("kimi")]).await;
        let played = played.is("kimi", &["glm:malformed", "glm:malformed", "kimi:ok"]);
        assert!(played.attempts()[0].detail.contains("longer than"), "{}", played.attempts()[0].detail);
        assert!(played.took < S, "nothing to wait for");
    }
    // Blanks that nothing came before, and that end no line.
    let blanks = stream(vec![for_ever(vec![b' '; 1 << 16])]);
    let played = play(vec![blanks.clone(), blanks], vec![says("kimi")]).await;
    assert_eq!(played.reply().provider, "kimi");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f23_an_event_of_64_mib_is_unreadable_and_falls_back() {
    let begun = Do::Send(b"data: {\"choices\":[{\"delta\":{\"content\":\"".to_vec());
    // It would go on beyond them.
    let huge = stream(vec![begun, for_ever(vec![b'x'; 1 << 20])]);
    let played = play(vec![huge.clone(), huge], vec![says("kimi")]).await;
    let played = played.is("kimi", &["glm:malformed", "glm:malformed", "kimi:ok"]).after(0, 0);
    played.row("F23", "sends one event of 64 MiB");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f23_a_million_empty_events_are_no_answer_and_no_harm() {
    let empty = |count: usize| Do::Send(b"data:\n\n".repeat(count));
    let mut steps: Vec<Do> = (0..100).map(|_| empty(10_000)).collect();
    steps.extend([content("and then"), finish("stop"), done()]);
    let played = play_once(World::new(vec![stream(steps)], vec![]), None).await.is("and then", &["glm:ok"]);
    played.row("F23", "sends a million empty events, then answers");
    let endless = stream(vec![Do::Repeat(b"data:\n\n".to_vec(), S / 10)]);
    let played = play(vec![endless], vec![says("kimi")]).await;
    played.is("kimi", &["glm:stall_first_event", "kimi:ok"]).row("F23", "sends empty events for ever");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f23_an_answer_without_end_is_cut_and_asked_for_once() {
    let endless = stream(vec![for_ever(piece_of(&"x".repeat(1 << 20)))]);
    let played = play_once(World::new(vec![endless], vec![]), None).await;
    let reply = played.reply();
    assert_eq!((played.causes(), played.counts), (owned(&["glm:too_large"]), (1, 0)));
    assert_eq!((&reply.ending, reply.notes.len()), (&Ending::Truncated, 1));
    assert!((16 << 20..18 << 20).contains(&reply.text.len()), "{}", reply.text.len());
    played.row("F23", "sends a text of 100 MiB and more");
    // One JSON text without end may have been paid for as well.
    let endless = stream(vec![for_ever(vec![b'{'; 1 << 20])]);
    let played = play_once(World::new(vec![endless], vec![]), None).await.fails(&["glm:too_large"]);
    let failure = played.outcome.as_ref().unwrap_err();
    assert!(!failure.is_retryable() && failure.message.contains("for less at a time"), "{failure}");
    played.row("F23", "sends one JSON text of 100 MiB and more");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f24_no_cut_mark_or_line_end_changes_a_byte() {
    let text = "héllo, 世界 🙂\u{feff} — café";
    let begin = format!(r#"data: {{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
    let lines = [
        ": hi",
        "",
        &begin,
        "",
        r#"data: {"choices":[{"finish_reason":"stop"}]}"#,
        "",
        "data: [DONE]",
        "",
        "",
    ];
    for mark in ["", "\u{feff}"] {
        for end in ["\n", "\r\n", "\r"] {
            let bytes = format!("{mark}{}", lines.join(end)).into_bytes();
            for at in 0..=bytes.len() {
                let (head, tail) = bytes.split_at(at);
                let steps = [head, tail].map(|piece| Do::Send(piece.to_vec())).to_vec();
                let played = play_once(World::new(vec![stream(steps)], vec![]), None).await;
                assert_eq!(played.is(text, &["glm:ok"]).reply().ending, Ending::Whole, "{end:?} cut at {at}");
            }
            let steps = bytes.chunks(1).map(|byte| Do::Send(byte.to_vec())).collect();
            let played = play(vec![stream(steps)], vec![]).await.is(text, &["glm:ok"]).after(0, 0);
            if (mark, end) == ("\u{feff}", "\r\n") {
                played.row("F24", "sends byte by byte, with a BOM and CRLF");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn f25_differences_that_do_not_matter_are_accepted() {
    let odd = [
        r#"{"id":null,"choices":[]}"#,
        r#"{"id":7,"model":null,"choices":[{"index":0,"delta":{"role":"assistant","role":"assistant","content":"a"}}],"usage":null}"#,
        r#"{"choices":[{"delta":{"content":[{"type":"text","text":"b"}]},"finish_reason":null}],"timings":{"a":1}}"#,
        r#"{"choices":[{"delta":{"content":"c","role":"assistant"},"logprobs":null}],"error":null,"obfuscation":"z"}"#,
        r#"{"choices":null,"usage":{"prompt_tokens":1}}"#,
        r#"{"choices":[{"delta":null}],"usage":null}"#,
        r#"{"choices":[{"delta":{"content":null,"tool_calls":null},"finish_reason":"stop"}]}"#,
        "{}",
    ];
    let mut steps: Vec<Do> = odd.into_iter().map(event).collect();
    steps.push(done());
    let played = play(vec![stream(steps)], vec![]).await.is("abc", &["glm:ok"]).after(0, 0);
    assert_eq!((&played.reply().ending, played.reply().notes.len()), (&Ending::Whole, 0));
    played.row("F25", "sends `choices: []`, an id that is null or a number, unknown fields, a role twice");
}

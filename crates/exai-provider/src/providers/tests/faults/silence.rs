//! F03 to F07, F10: connections that stand, over which nothing comes that is worth anything.

use super::super::continuing::{breaks_off, halves, last_turn, seam, usage, whole};
use super::*;

pub(super) const ROLE: &str = r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#;

/// A stream that never gets anywhere ends at the first-event clock, and the fallback answers.
async fn falls_back(answer: Answer, fault: &str, what: &str) {
    let played = play(vec![answer], vec![says("from kimi")]).await;
    let played = played.is("from kimi", &["glm:stall_first_event", "kimi:ok"]).after(120, 300);
    assert_eq!((played.world.requests_at("glm"), played.world.requests_at("kimi")), (vec![0], vec![120]));
    assert_eq!(played.attempts()[0].ms, 120_000);
    played.row(fault, what);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f03_silence_before_the_head_is_a_stall() {
    falls_back(Answer::Mute, "F03", "takes the request, sends no head").await;
}

#[tokio::test(start_paused = true)]
pub(super) async fn f03_who_stalls_again_and_again_is_not_asked_for_a_while() {
    let played = play_after(5, World::new(vec![Answer::Mute; 5], vec![says("from kimi"); 6])).await;
    assert_eq!((played.causes(), played.counts), (owned(&["glm:open", "kimi:ok"]), (0, 1)));
    played.row("F03", "the same for the sixth time in a row");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f04_silence_after_the_head_is_a_stall() {
    falls_back(stream(vec![Do::Hang]), "F04", "sends a head, then nothing").await;
}

#[tokio::test(start_paused = true)]
pub(super) async fn f05_comments_forever_are_a_stall() {
    let comments = Do::Repeat(b": keep-alive\n\n".to_vec(), S / 3);
    falls_back(stream(vec![comments]), "F05", "sends comments for ever").await;
}

#[tokio::test(start_paused = true)]
pub(super) async fn f06_blank_lines_and_blank_text_forever_are_a_stall() {
    let lines = Do::Repeat(b"\n".to_vec(), S);
    falls_back(stream(vec![lines]), "F06", "sends blank lines for ever").await;
    let Do::Send(blank) = content(" ") else { panic!() };
    falls_back(stream(vec![Do::Repeat(blank, S)]), "F06", "sends text of blanks for ever").await;
}

#[tokio::test(start_paused = true)]
pub(super) async fn f07_a_role_and_then_silence_is_a_stall() {
    falls_back(stream(vec![event(ROLE), Do::Hang]), "F07", "sends a delta with a role only, then nothing")
        .await;
}

#[tokio::test(start_paused = true)]
pub(super) async fn f10_a_few_words_and_then_silence_is_a_stall() {
    let stalled = stream(vec![content("a few words"), Do::Hang]);
    let (fast, deep) = play_both(vec![stalled], vec![says("from kimi")]).await;
    // Who thinks may pause for long, but past the stream timeout too few words have come.
    let deep = deep.is("from kimi", &["glm:stall_trickle", "kimi:ok"]);
    let fast = fast.is("from kimi", &["glm:stall_idle", "kimi:ok"]);
    let played = Played { thinking: Some(deep.took), ..fast }.after(120, 300);
    played.row("F10", "stalls after a few words");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f10_a_stalled_stream_is_gone_on_from_and_gives_the_whole() {
    let whole = whole(40);
    let (begun, rest) = halves(&whole, 900);
    let (start, more) = halves(&begun, 300);
    let first = stream(vec![usage(10, 100), content(&start), Do::Wait(S * 70), content(&more), Do::Hang]);
    let second = stream(vec![content(&rest), usage(110, 50), finish("stop"), done()]);
    let played = play_once(World::new(vec![], vec![first, second]), Some("kimi-fast")).await;
    let played = played.is(&whole, &["kimi:stall_idle", "kimi:ok"]);
    let (world, reply) = (&played.world, played.reply());
    assert_eq!(reply.ending, Ending::Whole);
    assert_eq!(*world.notes.text.lock().unwrap(), whole);
    let from = format!("2 kimi/kimi-fast from {}", begun.len());
    assert_eq!(world.granted(), ["1 kimi/kimi-fast".to_owned(), from]);
    let turn = serde_json::json!({"role": "assistant", "content": begun, "partial": true});
    assert_eq!(last_turn(&world.bodies()[1]), turn);
    let stalled = Broke::Failed(Cause::Stall(StallClock::Idle));
    assert_eq!(reply.continued, [seam(&begun, "kimi-fast", "kimi-fast", stalled)]);
    let usage = reply.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (120, 150), "of both attempts");
    assert!(world.notes.notes.lock().unwrap().iter().any(|note| note.contains("(attempt 2, going on from")));
    played.row("F10", "stalls after 70 s of text, and there is no fallback");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f10_another_model_goes_on_by_its_own_means() {
    let whole = whole(40);
    let (begun, rest) = halves(&whole, 900);
    let (fast, deep) = play_both(vec![breaks_off(&begun, 70, Do::Hang)], vec![says(&rest)]).await;
    let deep = deep.is(&whole, &["glm:stall_trickle", "kimi:ok"]);
    let fast = fast.is(&whole, &["glm:stall_idle", "kimi:ok"]);
    let played = Played { thinking: Some(deep.took), ..fast }.after(190, 300);
    let stalled = Broke::Failed(Cause::Stall(StallClock::Idle));
    assert_eq!(played.reply().continued, [seam(&begun, "glm-fast", "kimi-fast", stalled)]);
    assert_eq!(last_turn(&played.world.bodies()[1])["partial"], true);
    played.row("F10", "stalls after 70 s of text");
}

//! F11 to F17, F26: streams that end before their time, without their marks, or with nothing in them.

use super::*;

/// Five events of text, and then this end: asked for once more, and whole then.
async fn cut(end: Do, faults: &str, what: &str) {
    let events: Vec<Do> = ["This", " is", " half", " of", " it"].into_iter().map(content).collect();
    let cut = stream([events, vec![end]].concat());
    let played = play(vec![cut, says("This is all of it.")], vec![]).await;
    let played = played.is("This is all of it.", &["glm:cut", "glm:ok"]).after(0, 0);
    assert_eq!(played.reply().ending, Ending::Whole);
    assert!(played.attempts().iter().all(|one| one.billed), "{:?}", played.attempts());
    played.row(faults, what);
}

/// What FIN within chunks and RST come to, the transport's tests and exai-http's faults tell.
#[tokio::test(start_paused = true)]
pub(super) async fn f11_f13_a_connection_that_breaks_is_a_cut() {
    cut(Do::Break, "F11, F13", "breaks off by FIN within chunks, or by RST").await;
}

#[tokio::test(start_paused = true)]
pub(super) async fn f12_a_body_that_ends_without_a_mark_is_a_cut() {
    cut(Do::End, "F12", "ends in order, but in the middle of the text").await;
}

#[tokio::test(start_paused = true)]
pub(super) async fn f12_who_is_cut_twice_is_left_for_the_fallback() {
    let cut = || stream(vec![content("half"), Do::End]);
    let played = play(vec![cut(), cut()], vec![says("kimi")]).await;
    played.is("kimi", &["glm:cut", "glm:cut", "kimi:ok"]).row("F12", "the same twice");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f14_a_finish_reason_without_mark_is_accepted_and_marked() {
    let ended = |end: &Do| stream(vec![content("all of it"), finish("stop"), end.clone()]);
    for (end, seconds) in [(Do::End, 0), (Do::Break, 0), (Do::Hang, 5)] {
        let played =
            play(vec![ended(&end)], vec![]).await.is("all of it", &["glm:ok"]).after(seconds, seconds);
        assert_eq!(played.reply().ending, Ending::Unterminated);
        match end {
            Do::End => played.row("F14", "gives a finish reason, no `[DONE]`, and ends"),
            Do::Hang => played.row("F14", "gives a finish reason, no `[DONE]`, and stalls"),
            _ => {}
        }
        let kimi = play_once(World::new(vec![], vec![ended(&end)]), Some("kimi-fast")).await;
        assert_eq!(kimi.is("all of it", &["kimi:ok"]).reply().ending, Ending::Unterminated);
    }
    // Also where the call's time ends before the mark comes: it has cut nothing.
    let world = World::new(vec![ended(&Do::Hang)], vec![]);
    let outcome = world.ask(None, 3).await;
    let played = Played::new(world, outcome).is("all of it", &["glm:ok"]);
    assert_eq!((&played.reply().ending, played.took), (&Ending::Unterminated, S * 3));
    // Where there is no text either, it is none.
    let empty = stream(vec![finish("stop"), Do::End]);
    let world = World::new(vec![], vec![empty, says("x")]);
    play_once(world, Some("kimi-fast")).await.is("x", &["kimi:empty_answer", "kimi:ok"]);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f15_an_end_mark_without_finish_reason_is_accepted_and_marked() {
    let played = play(vec![stream(vec![content("all of it"), done(), Do::Hang])], vec![]).await;
    let played = played.is("all of it", &["glm:ok"]).after(0, 0);
    assert_eq!((played.reply().ending.clone(), played.reply().finish.clone()), (Ending::Unterminated, None));
    played.row("F15", "sends `[DONE]` without a finish reason");
    play(vec![stream(vec![done()]), says("x")], vec![]).await.is("x", &["glm:empty_answer", "glm:ok"]);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f16_an_end_mark_with_a_single_line_end_is_one() {
    for mark in ["data: [DONE]\n", "data: [DONE]"] {
        let steps = vec![content("all of it"), finish("stop"), Do::Send(mark.into()), Do::End];
        let played = play(vec![stream(steps)], vec![]).await.is("all of it", &["glm:ok"]).after(0, 0);
        assert_eq!(played.reply().ending, Ending::Whole);
        if mark.ends_with('\n') {
            played.row("F16", "ends `[DONE]` with a single line end");
        }
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn f17_unreadable_chunks_are_passed_over_once() {
    let bad = event("{\"choices\":[");
    let once = vec![content("a"), bad.clone(), content("b"), finish("stop"), done()];
    let played = play(vec![stream(once)], vec![]).await.is("ab", &["glm:ok"]);
    assert_eq!(
        played.reply().notes,
        ["One chunk of the stream could not be read; a piece of the answer may be missing."]
    );
    played.row("F17", "sends one chunk that is no JSON");
    let twice = stream(vec![content("a"), bad.clone(), bad]);
    let played = play(vec![twice.clone(), says("whole")], vec![]).await;
    played.is("whole", &["glm:malformed", "glm:ok"]).row("F17", "sends two of them");
    let played = play(vec![twice.clone(), twice], vec![says("kimi")]).await;
    played.is("kimi", &["glm:malformed", "glm:malformed", "kimi:ok"]);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f26_an_empty_answer_is_asked_for_once_more_with_more_room() {
    let finished = |reason| stream(vec![finish(reason), done()]);
    let thought = stream(vec![reasoning("thought"), finish("length"), done()]);
    for empty in [finished("stop"), finished("length"), thought, stream(vec![Do::End])] {
        let played = play(vec![empty.clone(), empty.clone()], vec![says("kimi")]).await;
        let played = played.is("kimi", &["glm:empty_answer", "glm:empty_answer", "kimi:ok"]);
        let rooms: Vec<_> = played.world.bodies().iter().map(|body| body["max_tokens"].as_u64()).collect();
        assert_eq!(rooms, [Some(32_768), Some(65_536), None]);
        let played = play(vec![empty, says("x")], vec![]).await;
        played.is("x", &["glm:empty_answer", "glm:ok"]);
    }
    let empty = finished("stop");
    let played = play(vec![empty.clone(), says("x")], vec![]).await;
    played.row("F26", "succeeds with nothing, or with reasoning only");
    play(vec![empty.clone(), empty.clone()], vec![says("kimi")]).await.row("F26", "the same twice");
    // Once more, and no more than that, also where nobody else is left.
    let played = play_once(World::new(vec![empty.clone(), empty], vec![]), Some("glm-fast")).await;
    let played = played.fails(&["glm:empty_answer", "glm:empty_answer"]);
    let failure = played.outcome.as_ref().unwrap_err();
    for part in ["2 × empty answer", "the model said nothing (finish reason: stop)", "a lower effort"] {
        assert!(failure.message.contains(part), "{part} is not in {failure}");
    }
}

//! F08, F09, F22: streams that take their time.

use super::*;

#[tokio::test(start_paused = true)]
pub(super) async fn f08_reasoning_for_minutes_is_no_stall() {
    let mut steps = Vec::new();
    for _ in 0..8 {
        steps.extend([Do::Wait(100 * S), reasoning("a thought that is long")]);
    }
    steps.extend([content("answer"), finish("stop"), done()]);
    let played = play_once(World::new(vec![stream(steps)], vec![]), Some("glm-deep")).await;
    let played = Played { thinking: Some(played.took), ..played.is("answer", &["glm:ok"]) };
    assert_eq!(played.reply().reasoning.len(), 8 * 22);
    assert_eq!(played.took, 800 * S);
}

/// Thoughts that come every twenty seconds.
fn thinks(seconds: usize) -> Vec<Do> {
    (0..seconds / 20).flat_map(|_| [Do::Wait(20 * S), reasoning("a thought that is long")]).collect()
}

#[tokio::test(start_paused = true)]
pub(super) async fn f08_who_thinks_aloud_for_ten_minutes_is_waited_for() {
    let steps = [thinks(600), vec![content("answer"), finish("stop"), done()]].concat();
    let played = play(vec![stream(steps)], vec![]).await.is("answer", &["glm:ok"]).after(600, 600);
    played.row("F08", "thinks aloud for 600 s, then answers");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f09_silence_below_the_clocks_is_no_stall() {
    let steps = |before, between| {
        let answer = [content("it"), Do::Wait(S * between), content(" goes on"), finish("stop"), done()];
        stream([vec![Do::Wait(S * before)], answer.to_vec()].concat())
    };
    let played = play(vec![steps(119, 119)], vec![]).await.is("it goes on", &["glm:ok"]).after(238, 238);
    played.row("F09", "is silent for 119 s, twice");
    let silent = stream(vec![
        Do::Wait(299 * S),
        reasoning("a thought that is long"),
        Do::Wait(590 * S),
        content("answer"),
        finish("stop"),
        done(),
    ]);
    play_once(World::new(vec![silent], vec![]), Some("glm-deep")).await.is("answer", &["glm:ok"]);
}

fn trickle() -> Answer {
    let Do::Send(one) = content("x") else { panic!() };
    stream(vec![Do::Repeat(one, 2 * S)])
}

#[tokio::test(start_paused = true)]
pub(super) async fn f22_a_trickle_is_cut_at_the_stream_timeout() {
    let played = play(vec![trickle()], vec![says("from kimi")]).await;
    let played = played.is("from kimi", &["glm:stall_trickle", "kimi:ok"]).after(300, 300);
    played.row("F22", "sends a character each 2 s for ever");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f22_a_trickle_of_the_last_candidate_goes_on_to_the_deadline() {
    for timeout in [StreamTimeout::Default(300 * S), StreamTimeout::User(60 * S)] {
        let set = |config: &mut ProvidersConfig| config.providers[0].stream_timeout = timeout;
        let played = play_once(World::with(vec![trickle()], vec![], set), Some("glm-fast")).await;
        assert_eq!((played.reply().text.len(), played.took), (600, 1200 * S));
        assert_eq!(played.reply().ending, Ending::Partial(Broke::Failed(Cause::Deadline)));
        assert_eq!((played.counts, played.causes()), ((1, 0), owned(&["glm:deadline"])));
        if timeout == StreamTimeout::Default(300 * S) {
            played.row("F22", "the same, and there is no fallback");
        }
    }
    // Also where others are left, but no attempt.
    let world = World::new(vec![trickle()], vec![]);
    world.made_before.store(2, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(causes(&world.ask(None, 600).await.unwrap().attempts), ["glm:deadline"]);
}

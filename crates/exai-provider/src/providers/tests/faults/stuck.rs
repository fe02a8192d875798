//! F28, F30: all providers down at once, and one that is stuck on many calls.

use super::super::pausing::{error, many};
use super::*;

#[tokio::test(start_paused = true)]
pub(super) async fn f28_with_all_providers_down_the_end_is_near_and_each_cause_is_told() {
    let refused = || vec![Answer::Refused; 3];
    let played = play(refused(), refused()).await.fails(&[
        "glm:connect",
        "glm:connect",
        "glm:connect",
        "kimi:connect",
        "kimi:connect",
        "kimi:connect",
    ]);
    assert!(played.took < 20 * S, "{:?}", played.took);
    let failure = played.outcome.as_ref().unwrap_err();
    for part in ["glm-fast at glm: 3 × no connection", "kimi-fast at kimi: 3 × no connection"] {
        assert!(failure.message.contains(part), "{failure}");
    }
    assert!(failure.is_retryable());
    played.row("F28", "refuses connections, and so does the fallback");

    let silent = || stream(vec![Do::Hang]);
    let played = play(vec![silent()], vec![silent(), silent()]).await;
    let played = played
        .fails(&["glm:stall_first_event", "kimi:stall_first_event", "kimi:stall_first_event"])
        .after(360, 540);
    played.row("F28", "is silent for ever, and so is the fallback");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f28_where_all_are_paused_the_one_that_is_back_first_is_asked_and_the_others_are_told() {
    let world = World::new(many(&error("1308"), 2), many(&error("exceeded_current_quota_error"), 2));
    // GLM is back in 15 minutes, Kimi is looked at in ten.
    let played = play_after(1, world).await;
    assert_eq!((played.causes(), played.counts), (owned(&["glm:open", "kimi:account_dead"]), (0, 1)));
    assert_eq!(played.took, Duration::ZERO);
    let failure = played.outcome.as_ref().unwrap_err();
    for part in [
        "glm-fast at glm: paused after failures (quota used up; for another 15 min)",
        "kimi-fast at kimi: account refused",
        "it was paused, and asked because nothing else was left",
    ] {
        assert!(failure.message.contains(part), "{failure}");
    }
    played.row("F28", "is paused after a used up quota, and the fallback for arrears");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f30_one_stuck_provider_delays_no_call_of_another() {
    let hung = || stream(vec![Do::Hang]);
    let world = World::new((0..8).map(|_| hung()).collect(), (0..200).map(|_| says("k")).collect());
    let stuck = async { all((0..200).map(|_| world.ask(Some("glm-fast"), 100))).await };
    let free = async {
        for _ in 0..200 {
            assert_eq!(world.ask(Some("kimi-fast"), 100).await.unwrap().text, "k");
        }
        world.clock.now()
    };
    let (outcomes, free_at) = tokio::join!(stuck, free);
    assert_eq!(free_at.as_secs(), 0);
    let is_over = |outcome: &Result<Reply, Failure>| {
        outcome.as_ref().is_err_and(|failure| failure.code() == "deadline")
    };
    assert!(outcomes.iter().all(is_over));
    assert_eq!(world.clock.now().as_secs(), 100);
    // Four at a time, of which each was asked once.
    assert_eq!((world.requests_at("glm").len(), world.requests_at("kimi").len()), (4, 200));
}

#[tokio::test(start_paused = true)]
pub(super) async fn f30_one_of_two_hundred_stuck_calls_of_a_provider_never_makes_another_wait() {
    let hung = || stream(vec![Do::Hang]);
    let wide = |config: &mut ProvidersConfig| {
        config.bounds = Bounds { each: 64, all: 256, waiting: 640 };
        for one in &mut config.providers {
            one.max_concurrency = 1000;
            one.start_concurrency = Some(1000);
        }
    };
    let world = World::with((0..200).map(|_| hung()).collect(), many(&says("k"), 100), wide);
    let stuck = all((0..200_u128).map(|n| world.ask_as(n % 5, Some("glm-fast"), 100)));
    let free = async {
        tokio::time::sleep(S).await;
        assert_eq!(world.open(), 200);
        assert_eq!(world.providers.health()[0].in_flight, 200);
        for n in 0..25_u128 {
            // As many at once as are kept, of a session whose other calls are stuck.
            let four = all((0..4).map(|_| world.ask_as(n % 5, Some("kimi-fast"), 100))).await;
            assert!(four.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.text == "k")));
        }
        assert_eq!(world.clock.now().as_secs(), 1, "not for a moment");
    };
    let (outcomes, ()) = tokio::join!(stuck, free);
    assert!(
        outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(|failure| failure.code() == "deadline"))
    );
    let notes = world.notes.notes.lock().unwrap();
    assert!(!notes.iter().any(|note| note.contains("place at kimi")), "none ever waited for a permit");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f30_a_stuck_provider_that_holds_all_it_may_and_queues_more_leaves_another_its_places() {
    let hung = || stream(vec![Do::Hang]);
    let tight = |config: &mut ProvidersConfig| {
        config.bounds = Bounds { each: 16, all: 20, waiting: 50 };
        for one in &mut config.providers {
            one.max_concurrency = 1000;
            one.start_concurrency = Some(1000);
        }
    };
    let world = World::with((0..16).map(|_| hung()).collect(), many(&says("k"), 8), tight);
    let stuck = all((0..200_u128).map(|n| world.ask_as(n % 7, Some("glm-fast"), 100)));
    let free = async {
        tokio::time::sleep(S).await;
        let health = world.providers.health();
        assert_eq!((health[0].in_flight, health[0].waiting), (16, 50));
        all((0..4).map(|_| world.ask_as(1, Some("kimi-fast"), 100))).await;
        assert_eq!(world.clock.now().as_secs(), 1);
    };
    let (outcomes, ()) = tokio::join!(stuck, free);
    let busy =
        outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(|failure| failure.code() == "busy"));
    assert_eq!(busy.count(), 200 - 66, "told at once that too many wait there");
    let notes = world.notes.notes.lock().unwrap();
    assert!(!notes.iter().any(|note| note.contains("place at kimi")));
}

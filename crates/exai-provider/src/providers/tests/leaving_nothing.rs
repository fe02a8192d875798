//! However calls end, and whenever: all places are free afterwards, nobody waits, and who was paused comes back.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::pausing::{error, state};
use super::world::*;
use crate::*;

const MODELS: [&str; 3] = ["glm-fast", "glm-deep", "kimi-fast"];

/// What a provider may do, good and bad.
fn deeds() -> Vec<Answer> {
    let slow = |last: Vec<Do>| stream([vec![Do::Wait(4 * S), content("a"), Do::Wait(4 * S)], last].concat());
    vec![
        says("x"),
        says("y"),
        slow(vec![finish("stop"), done()]),
        slow(vec![Do::Break]),
        slow(vec![Do::Panic]),
        stream(vec![Do::Panic]),
        stream(vec![Do::Hang]),
        stream(vec![finish("stop"), done()]),
        Answer::Mute,
        Answer::Refused,
        Answer::Blackhole(2 * S),
        status(500, "oops"),
        status(404, "{}"),
        status(400, r#"{"error":{"code":"1210","message":"m"}}"#),
        error("1302"),
        error("1308"),
        error("1113"),
    ]
}

/// Small numbers, the same for the same seed.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move |bound| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % bound as u64).unwrap()
    }
}

/// Forty calls of four sessions, of which every third or so is dropped in the middle of whatever it does.
async fn disorder(seed: u64) -> Arc<World> {
    let mut next = dice(seed);
    let deeds = deeds();
    let mut script = || (0..600).map(|_| deeds[next(deeds.len())].clone()).collect::<Vec<_>>();
    let world = Arc::new(World::with(script(), script(), |config| {
        config.bounds = Bounds { each: 3, all: 5, waiting: 6 };
        for one in &mut config.providers {
            (one.max_concurrency, one.requests_per_minute) = (2, Some(120));
        }
    }));
    let (mut calls, mut handles) = (JoinSet::new(), Vec::new());
    for n in 0..40 {
        let (world, choice) = (Arc::clone(&world), next(4));
        let seconds = 1 + u32::try_from(next(40)).unwrap();
        let call = async move { world.ask_as(n % 4, MODELS.get(choice).copied(), seconds).await.is_ok() };
        handles.push(calls.spawn(call));
        tokio::time::sleep(S * u32::try_from(next(3)).unwrap()).await;
        if next(3) == 0 {
            handles[next(handles.len())].abort();
        }
    }
    // Answered, failed, dropped or panicked.
    while calls.join_next().await.is_some() {}
    world
}

#[tokio::test(start_paused = true)]
async fn however_calls_end_they_leave_nothing_behind() {
    for seed in 1..=60 {
        let world = disorder(seed).await;
        for health in world.providers.health() {
            let of_keys: u32 = health.keys.iter().map(|key| key.in_flight + key.waiting).sum();
            assert_eq!((health.in_flight, health.waiting, of_keys), (0, 0, 0), "seed {seed}: {health:?}");
        }
        assert_eq!(world.open(), 0, "seed {seed}: connections");
        // Whatever is paused is over by then, and each answers at once.
        tokio::time::advance(24 * 3600 * S).await;
        for script in [&world.net.glm, &world.net.kimi] {
            *script.lock().unwrap() = vec![says("x"); 20].into();
        }
        let began = world.clock.now();
        for model in MODELS.repeat(2) {
            let reply = world.ask(Some(model), 60).await;
            assert!(reply.is_ok(), "seed {seed}: {model}: {reply:?}");
        }
        assert_eq!(world.clock.now(), began, "seed {seed}: somebody waited");
        for (model, provider) in MODELS.into_iter().zip([0, 0, 1]) {
            let states = [state(&world, provider, Some(model)), state(&world, provider, None)];
            assert_eq!(states, [BreakerState::Closed; 2], "seed {seed}: {model}");
        }
        // As many at a time as ever.
        let both = all((0..2).map(|_| world.ask(Some("glm-fast"), 60))).await;
        assert!(both.iter().all(Result::is_ok), "seed {seed}");
    }
}

//! Who is not asked for a while, who is asked all the same, and how many at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::spending::costs;
use super::world::*;
use crate::memory::tests::Notebook;
use crate::*;

pub(super) fn error(code: &str) -> Answer {
    status(429, &format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#))
}

/// Requests that went to each.
fn counts(world: &World) -> (usize, usize) {
    let requests = world.requests();
    let glm = requests.iter().filter(|(name, _)| name == "glm").count();
    (glm, requests.len() - glm)
}

pub(super) fn many(answer: &Answer, times: usize) -> Vec<Answer> {
    vec![answer.clone(); times]
}

/// A state by provider and model; the endpoint's own under no model.
pub(super) fn state(world: &World, provider: usize, model: Option<&str>) -> BreakerState {
    let health = world.providers.health();
    let key = health[provider].keys.iter().find(|key| key.model.as_deref() == model);
    key.map_or(BreakerState::Closed, |key| key.state)
}

#[tokio::test(start_paused = true)]
async fn an_account_without_money_is_asked_once_and_then_every_ten_minutes() {
    let world = World::new(many(&error("1113"), 3), many(&says("kimi"), 40));
    for _ in 0..20 {
        assert_eq!(world.ask(None, 1200).await.unwrap().provider, "kimi");
    }
    assert_eq!(counts(&world), (1, 20));
    tokio::time::sleep(S * 599).await;
    let reply = world.ask(None, 1200).await.unwrap();
    let skipped = &reply.attempts[0];
    assert_eq!((skipped.cause, skipped.n, skipped.billed), ("open", 0, false));
    assert_eq!(skipped.detail, "account refused; for another 1 s");
    assert_eq!(skipped.until_ms, Some((1_782_907_200 + 600) * 1000));
    tokio::time::sleep(S).await;
    for _ in 0..5 {
        world.ask(None, 1200).await.unwrap();
    }
    assert_eq!(counts(&world), (2, 26));
}

/// A world with a memory that outlives it.
fn remembering(
    memory: &Arc<Notebook>,
    glm: Vec<Answer>,
    kimi: Vec<Answer>,
    change: impl FnOnce(&mut ProvidersConfig),
) -> World {
    World::of_models(MODELS, Arc::clone(memory) as _, glm, kimi, change)
}

/// The fingerprint of another key.
fn with_another_key(config: &mut ProvidersConfig) {
    config.providers[0].fingerprint = "another".to_owned();
}

#[tokio::test(start_paused = true)]
async fn a_restart_does_not_ask_again_before_a_quota_is_back() {
    let memory = Arc::default();
    let world = remembering(&memory, many(&error("1308"), 1), many(&says("kimi"), 20), |_| {});
    for _ in 0..5 {
        world.ask(None, 1200).await.unwrap();
    }
    assert_eq!(counts(&world), (1, 5));
    let kept = memory.all();
    assert_eq!((kept.len(), kept[0].0.as_str()), (1, "provider/glm/glm-fast"));
    let other = remembering(&memory, vec![says("glm")], vec![], with_another_key);
    assert_eq!(other.ask(None, 1200).await.unwrap().provider, "glm", "another key starts clean");
    let world = remembering(&memory, many(&says("glm"), 2), many(&says("kimi"), 20), |_| {});
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!((reply.provider.as_str(), counts(&world)), ("kimi", (0, 1)));
    assert_eq!(reply.attempts[0].until_ms, Some((1_782_907_200 + 900) * 1000));
    tokio::time::sleep(S * 900).await;
    for _ in 0..2 {
        assert_eq!(world.ask(None, 1200).await.unwrap().provider, "glm");
    }
    assert!(memory.all().is_empty(), "what is over is not remembered");
}

#[tokio::test(start_paused = true)]
async fn two_names_for_one_account_share_its_quota_over_a_restart() {
    let account = |config: &mut ProvidersConfig| {
        config.providers.iter_mut().for_each(|one| one.fingerprint = "account".to_owned());
        config.chain = vec!["kimi/glm-fast".to_owned()];
    };
    let memory = Arc::default();
    let world = remembering(&memory, vec![error("1308")], vec![says("kimi")], account);
    assert_eq!(world.ask(None, 1200).await.unwrap().provider, "kimi", "told by a provider of its own");
    let paused = |world: &World| [0, 1].map(|provider| state(world, provider, Some("glm-fast")));
    assert_eq!(paused(&world)[0], BreakerState::Open);
    let world = remembering(&memory, many(&says("glm"), 2), vec![], account);
    assert_eq!(paused(&world), [BreakerState::Open; 2]);
    tokio::time::sleep(S * 900).await;
    for _ in 0..2 {
        assert_eq!(world.ask(None, 1200).await.unwrap().provider, "glm");
    }
    assert!(memory.all().is_empty(), "over for both");
}

#[tokio::test(start_paused = true)]
async fn what_is_only_counted_and_what_a_restart_mends_is_not_remembered() {
    let memory = Arc::default();
    let refused = status(401, r#"{"error":{"code":"1002","message":"token invalid"}}"#);
    let world = remembering(&memory, vec![refused], many(&says("kimi"), 1), |_| {});
    world.ask(None, 1200).await.unwrap();
    assert_eq!(state(&world, 0, None), BreakerState::Open);
    let cuts = vec![stream(vec![content("a"), Do::Break]); 20];
    let world = remembering(&memory, cuts, many(&says("kimi"), 9), |_| {});
    for _ in 0..5 {
        world.ask(None, 1200).await.unwrap();
    }
    assert_eq!(state(&world, 0, Some("glm-fast")), BreakerState::Open);
    assert!(memory.all().is_empty(), "{:?}", memory.all());
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_leaves_the_sibling_with_the_same_key() {
    let chain = |config: &mut ProvidersConfig| config.chain = vec!["glm-deep".to_owned()];
    let world = World::with(vec![error("1308"), says("a"), says("b")], vec![], chain);
    for _ in 0..2 {
        assert_eq!(world.ask(None, 1200).await.unwrap().asked_model, "glm-deep");
    }
    assert_eq!(counts(&world).0, 3);
    assert_eq!(state(&world, 0, Some("glm-fast")), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn who_is_paused_is_asked_before_a_model_that_is_gone_for_longer() {
    let world = World::new(vec![error("1308"), says("glm")], vec![status(404, "{}")]);
    world.ask(None, 1200).await.unwrap_err();
    // 15 minutes for GLM's quota, an hour for Kimi's model.
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!((reply.provider.as_str(), counts(&world)), ("glm", (2, 1)));
    let gone = world.providers.health()[1].keys[1].clone();
    assert_eq!(
        (gone.state, gone.cause, gone.retry_ms),
        (BreakerState::Open, Some("model_gone"), Some(3_600_000))
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_key_pauses_every_model_and_who_names_one_hears_the_providers_words() {
    let refused = status(401, r#"{"error":{"code":"1002","message":"token invalid"}}"#);
    let world = World::new(many(&refused, 3), many(&says("kimi"), 3));
    world.ask(None, 1200).await.unwrap();
    for model in ["glm-fast", "glm-deep"] {
        let failure = world.ask(Some(model), 1200).await.unwrap_err();
        assert_eq!(failure.code(), "auth_dead");
        assert!(failure.message.contains("token invalid"), "{failure}");
        assert!(
            failure.message.contains("it was paused, and asked because nothing else was left"),
            "{failure}"
        );
    }
    assert_eq!(state(&world, 0, None), BreakerState::Open);
    assert_eq!((state(&world, 0, Some("glm-deep")), counts(&world)), (BreakerState::Closed, (3, 1)));
}

#[tokio::test(start_paused = true)]
async fn while_one_tries_the_others_wait_and_follow_after_its_first_text() {
    let slow = stream(vec![Do::Wait(3 * S), content("a"), Do::Wait(60 * S), finish("stop"), done()]);
    let mut script = many(&status(500, "oops"), 6);
    script.extend(vec![slow; 5]);
    let world = World::new(script, vec![]);
    for _ in 0..2 {
        world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    }
    let began = world.clock.now().as_secs();
    assert_eq!(state(&world, 0, Some("glm-fast")), BreakerState::Open);
    let replies = all((0..3).map(|_| world.ask(Some("glm-fast"), 1200))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.text == "a")));
    let times: Vec<u64> = world.requests()[6..].iter().map(|(_, at)| at - began).collect();
    assert_eq!(times, [0, 3, 6], "one at a time until its first text");
    assert!(
        world.notes.notes.lock().unwrap().iter().any(|note| note.ends_with("another call that tries it"))
    );
    assert_eq!(state(&world, 0, Some("glm-fast")), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_call_that_tries_takes_its_turn_when_that_is_dropped() {
    let mut script = many(&error("1113"), 1);
    script.extend([stream(vec![Do::Hang]), says("x")]);
    let world = World::new(script, vec![]);
    world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    let tries = tokio::time::timeout(5 * S, world.ask(Some("glm-fast"), 1200));
    let (gave_up, reply) = tokio::join!(tries, world.ask(Some("glm-fast"), 1200));
    assert!(gave_up.is_err());
    assert_eq!((reply.unwrap().text.as_str(), world.clock.now().as_secs()), ("x", 5));
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_place_meanwhile_is_not_let_through_after_all() {
    let change = |config: &mut ProvidersConfig| config.providers[0].max_concurrency = 1;
    let refused = stream(vec![Do::Wait(5 * S), event(r#"{"error":{"code":"1113","message":"m"}}"#), Do::End]);
    let world = World::with(vec![refused], many(&says("kimi"), 9), change);
    let replies = all((0..9).map(|_| world.ask(None, 1200))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.provider == "kimi")));
    assert_eq!((counts(&world), world.clock.now().as_secs()), ((1, 9), 5));
}

#[tokio::test(start_paused = true)]
async fn five_stalls_in_a_row_pause_a_model_and_it_comes_back() {
    let mut script = vec![Answer::Mute; 5];
    script.extend(many(&says("glm"), 4));
    let world = World::new(script, many(&says("kimi"), 9));
    for _ in 0..5 {
        assert_eq!(world.ask(None, 1200).await.unwrap().provider, "kimi");
    }
    let stalled = world.clock.now();
    assert_eq!(world.ask(None, 1200).await.unwrap().provider, "kimi");
    assert_eq!((counts(&world), world.clock.now()), ((5, 6), stalled), "without a wait");
    tokio::time::sleep(S * 6).await;
    assert_eq!(state(&world, 0, Some("glm-fast")), BreakerState::HalfOpen);
    for _ in 0..2 {
        assert_eq!(world.ask(None, 1200).await.unwrap().provider, "glm");
    }
    assert_eq!(state(&world, 0, Some("glm-fast")), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn requests_at_a_time_follow_what_the_provider_says() {
    let roomy = |config: &mut ProvidersConfig| {
        config.providers.iter_mut().for_each(|one| one.max_concurrency = 16);
    };
    let slow = stream(vec![Do::Wait(10 * S), content("a"), finish("stop"), done()]);
    let at = |world: &World, second| world.requests().iter().filter(|(_, at)| *at == second).count();
    let world = World::with(many(&slow, 8), many(&slow, 8), roomy);
    all((0..8).map(|_| world.ask(Some("glm-fast"), 1200))).await;
    assert_eq!((at(&world, 0), at(&world, 10)), (4, 4));
    let world = World::with(vec![], many(&slow, 8), roomy);
    all((0..8).map(|_| world.ask(Some("kimi-fast"), 1200))).await;
    assert_eq!([0, 10, 20].map(|second| at(&world, second)), [1, 4, 3], "one alone first");
    let long = stream(vec![Do::Wait(3 * S), content("a"), Do::Wait(60 * S), finish("stop"), done()]);
    let world = World::with(vec![], many(&long, 5), roomy);
    all((0..5).map(|_| world.ask(Some("kimi-fast"), 1200))).await;
    assert_eq!([0, 3, 63].map(|second| at(&world, second)), [1, 3, 1], "until its first text, not its end");
    let mut script = vec![slow; 40];
    script[..4].fill(error("1302"));
    let world = World::with(script, vec![], roomy);
    all((0..8).map(|_| world.ask(Some("glm-fast"), 1200))).await;
    assert_eq!(
        (at(&world, 0), world.open()),
        (6, 0),
        "four, then two at a time: the four that were too many count once"
    );
    assert_eq!(world.providers.health()[0].keys[1].limit, Some(2));
}

#[tokio::test(start_paused = true)]
async fn where_the_user_set_how_many_that_is_where_it_begins() {
    let chosen = |config: &mut ProvidersConfig| {
        config.providers[1].max_concurrency = 16;
        config.providers[1].start_concurrency = Some(16);
    };
    let slow = stream(vec![Do::Wait(10 * S), content("a"), finish("stop"), done()]);
    let world = World::with(vec![], vec![slow; 16], chosen);
    all((0..16).map(|_| world.ask(Some("kimi-fast"), 1200))).await;
    assert!(world.requests().iter().all(|(_, at)| *at == 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_paused_provider_or_before_it_asks_again_counts_among_those_that_may() {
    let change = |config: &mut ProvidersConfig| config.bounds.waiting = 3;
    let limited = error("1302");
    let slow = stream(vec![Do::Wait(9 * S), content("a"), finish("stop"), done()]);
    let world =
        World::with([many(&limited, 2), many(&error("1113"), 1), many(&slow, 9)].concat(), vec![], change);
    let pausing = all((0..2).map(|_| world.ask(Some("glm-fast"), 60)));
    let looking = async {
        tokio::time::sleep(S).await;
        assert_eq!(world.providers.health()[0].waiting, 2);
    };
    let (outcomes, ()) = tokio::join!(pausing, looking);
    assert_eq!(outcomes[0].as_ref().unwrap_err().code(), "account_dead");
    assert_eq!(outcomes[1].as_ref().unwrap().text, "a");
    assert_eq!(state(&world, 0, None), BreakerState::HalfOpen, "one answer so far");
    let outcomes = all((0..9).map(|_| world.ask(Some("glm-fast"), 60))).await;
    let codes =
        outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(|failure| failure.code() == "busy"));
    assert_eq!(codes.count(), 5, "one tries, three wait for that");
}

#[tokio::test(start_paused = true)]
async fn where_retries_are_used_up_the_next_is_asked_at_once() {
    let world = World::new(many(&status(500, "oops"), 9), many(&says("kimi"), 9));
    let mut asked = Vec::new();
    for _ in 0..3 {
        let reply = world.ask(None, 1200).await.unwrap();
        asked.push(causes(&reply.attempts).iter().filter(|cause| *cause == "glm:server").count());
    }
    // Two tries of each call at GLM, the third try being Kimi's; the breaker opens with the fifth failure.
    assert_eq!(asked, [2, 2, 1]);
    let chain = |config: &mut ProvidersConfig| config.chain = vec!["glm-deep".into(), "kimi".into()];
    let mut script = Vec::new();
    for _ in 0..3 {
        script.extend([stream(vec![content("half"), Do::End]), says("x")]);
    }
    script.extend([stream(vec![content("half"), Do::End]), says("deep")]);
    let world = World::with(script, vec![], chain);
    for _ in 0..3 {
        assert_eq!(world.ask(None, 1200).await.unwrap().asked_model, "glm-fast");
    }
    assert_eq!(world.ask(None, 1200).await.unwrap().asked_model, "glm-deep");
    assert_eq!(world.providers.health()[0].retries_skipped, 1);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_else_is_left_a_call_keeps_its_first_retry_and_waits_out_a_rate_limit() {
    let mut script = Vec::new();
    for _ in 0..6 {
        script.extend([stream(vec![content("half"), Do::End]), says("x")]);
    }
    script.extend([status(500, "oops"), status(500, "oops")]);
    let world = World::new(script, vec![]);
    for _ in 0..6 {
        assert_eq!(world.ask(Some("glm-fast"), 1200).await.unwrap().text, "x");
    }
    assert_eq!(
        world.ask(Some("glm-fast"), 1200).await.unwrap_err().attempts.len(),
        2,
        "a second is none of its own"
    );
    assert_eq!(world.providers.health()[0].retries_skipped, 1);
}

#[tokio::test(start_paused = true)]
async fn a_rate_a_minute_is_kept_and_what_was_not_used_is_given_back() {
    let slowly = |config: &mut ProvidersConfig| config.providers[0].requests_per_minute = Some(4);
    let world = World::with(many(&says("x"), 4), vec![], slowly);
    all((0..4).map(|_| world.ask(Some("glm-fast"), 1200))).await;
    let times: Vec<u64> = world.requests().iter().map(|(_, at)| *at).collect();
    assert_eq!(times, [0, 15, 30, 45]);
    let world = World::with(vec![says("x")], vec![says("kimi")], |config| {
        config.providers[0].requests_per_minute = Some(1);
    });
    world.ask(None, 1200).await.unwrap();
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(
        causes(&reply.attempts),
        ["glm:busy", "kimi:ok"],
        "a minute is longer than another is waited for"
    );
    let few = |config: &mut ProvidersConfig| config.providers[0].tokens_per_minute = Some(100_000);
    let told = costs(10, 20);
    let world = World::with(many(&told, 50), vec![], few);
    for _ in 0..50 {
        world.ask(Some("glm-fast"), 1200).await.unwrap();
    }
    // Four of 32,768 that are asked for would take a minute.
    assert!(world.clock.now() < 3 * S, "{:?}", world.clock.now());
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_is_taken_for_used_up_is_waited_for_while_requests_are_under_way() {
    let few = |config: &mut ProvidersConfig| config.providers[0].tokens_per_minute = Some(6000);
    let told = event(r#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":20}}"#);
    let slow = stream(vec![Do::Wait(S), content("x"), finish("stop"), told, done(), Do::End]);
    let world = World::with(many(&slow, 9), vec![], few);
    // Each asks for 32,768 tokens, which is five minutes' worth, and costs 30.
    for reply in all((0..9).map(|_| world.ask(Some("glm-fast"), 60))).await {
        reply.unwrap();
    }
    assert!(world.clock.now() < 20 * S, "{:?}", world.clock.now());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_made_takes_nothing_of_a_rate() {
    let one = |config: &mut ProvidersConfig| {
        config.providers[0].requests_per_minute = Some(1);
        config.providers[0].tokens_per_minute = Some(6000);
    };
    let world = World::with(vec![says("x")], vec![], one);
    world.made_before.store(3, Ordering::SeqCst);
    let denied = world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    assert_eq!(denied.cause, Cause::Denied(Denied::Exhausted));
    world.made_before.store(0, Ordering::SeqCst);
    world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!(world.requests_at("glm"), [0]);
}

/// A minute has three of 32,768 that are asked for, and thousands of those that come.
#[tokio::test(start_paused = true)]
async fn of_a_request_that_the_provider_ended_only_what_came_is_taken_of_a_rate() {
    let few = |config: &mut ProvidersConfig| config.providers[0].tokens_per_minute = Some(100_000);
    let untold = World::with(many(&says("x"), 20), vec![], few);
    for _ in 0..20 {
        untold.ask(Some("glm-fast"), 1200).await.unwrap();
    }
    assert!(untold.clock.now() < 3 * S, "{:?}", untold.clock.now());
    let failing = World::with([many(&status(500, "{}"), 2), vec![says("x")]].concat(), vec![], few);
    failing.ask(Some("glm-fast"), 1200).await.unwrap();
    assert!(failing.clock.now() < 20 * S, "{:?}", failing.clock.now());
    // It may go on with what is broken off here.
    let hung = World::with(vec![stream(vec![content("x"), Do::Hang]), says("x")], vec![], few);
    let call = hung.ask(Some("glm-fast"), 1200);
    assert!(tokio::time::timeout(S, call).await.is_err());
    hung.ask(Some("glm-fast"), 1200).await.unwrap();
    assert!(hung.clock.now() > 20 * S, "{:?}", hung.clock.now());
}

#[tokio::test(start_paused = true)]
async fn health_tells_of_each_key_and_why() {
    let world = World::new(vec![error("1308"), says("deep")], many(&says("kimi"), 2));
    world.ask(None, 1200).await.unwrap();
    world.ask(Some("glm-deep"), 1200).await.unwrap();
    let [glm, kimi] = &world.providers.health()[..] else { panic!("two providers") };
    let [endpoint, deep, fast] = &glm.keys[..] else { panic!("{glm:?}") };
    assert_eq!((&endpoint.model, endpoint.state, endpoint.limit), (&None, BreakerState::Closed, None));
    assert_eq!(
        (deep.model.as_deref(), deep.state, deep.limit),
        (Some("glm-deep"), BreakerState::Closed, Some(4))
    );
    let until_ms = Some((1_782_907_200 + 900) * 1000);
    assert_eq!((fast.state, fast.cause, fast.until_ms), (BreakerState::Open, Some("quota"), until_ms));
    assert_eq!(glm.attempts, [("ok", 1), ("quota", 1)].into());
    assert_eq!(kimi.attempts, [("ok", 1)].into());
    let hung = World::new(vec![stream(vec![content("a"), Do::Hang])], vec![]);
    let hung = Arc::new(hung);
    let call = hung.ask(Some("glm-fast"), 1200);
    tokio::pin!(call);
    assert!(tokio::time::timeout(7 * S, &mut call).await.is_err());
    for key in &hung.providers.health()[0].keys[..2] {
        // The endpoint's own line tells of all its models.
        assert_eq!((key.in_flight, key.oldest_ms, key.last_progress_ms), (1, Some(7000), Some(7000)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_far_away_is_told_beside_the_next_try() {
    let five_hours = r#"{"error":{"code":"1308","message":"Your limit will reset at 2026-07-02 01:00:00"}}"#;
    let world = World::new(vec![status(429, five_hours)], many(&says("kimi"), 2));
    world.ask(None, 1200).await.unwrap();
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(reply.attempts[0].detail, "quota used up; said to last another 5 h, tried again in 30 min");
    let key = &world.providers.health()[0].keys[1];
    assert_eq!((key.left_ms, key.retry_ms), (Some(5 * 3_600_000), Some(1_800_000)));
}

#[tokio::test(start_paused = true)]
async fn a_large_question_is_not_passed_by_for_ever_by_small_ones() {
    let few = |config: &mut ProvidersConfig| config.providers[0].tokens_per_minute = Some(100_000);
    let told = costs(10, 20_000);
    let models = "[[model]]\nid = \"small\"\nprovider = \"glm\"\ncontext = 900_000\noutput_cap = 500\n\
                  [[model]]\nid = \"large\"\nprovider = \"glm\"\ncontext = 900_000\noutput_cap = 30_000\n";
    let world = World::knowing(models, many(&told, 900), vec![], few);
    let large = async {
        tokio::time::sleep(S).await;
        world.ask(Some("large"), 600).await.unwrap();
        world.clock.now().as_secs()
    };
    let small = async {
        loop {
            all((0..2).map(|_| world.ask_as(2, Some("small"), 600))).await;
        }
    };
    let went_at = tokio::select! {
        went_at = large => went_at,
        () = small => 0,
    };
    // What the small ones had cost until it came, and not a minute more.
    assert!(went_at < 90, "{went_at} s");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_others_than_the_provider_goes_on_elsewhere_once_it_is_the_provider() {
    let hung = || stream(vec![Do::Hang]);
    let one = |config: &mut ProvidersConfig| {
        config.bounds = Bounds { each: 1, ..Bounds::default() };
        config.providers[0].max_concurrency = 1;
    };
    let world = World::with(many(&hung(), 9), vec![hung(), says("kimi")], one);
    let own = tokio::time::timeout(60 * S, world.ask(Some("kimi-fast"), 1200));
    let waits = async {
        tokio::time::sleep(S).await;
        // Its session has a request elsewhere, and GLM is free still.
        world.ask(None, 1200).await
    };
    let another = async {
        tokio::time::sleep(2 * S).await;
        tokio::time::timeout(600 * S, world.ask_as(2, Some("glm-fast"), 1200)).await
    };
    let (_, reply, _) = tokio::join!(own, waits, another);
    assert_eq!(causes(&reply.unwrap().attempts), ["glm:busy", "kimi:ok"]);
}

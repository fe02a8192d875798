//! What providers are paid for a day, and what happens once that is enough.

use std::sync::Arc;

use serde_json::json;

use super::world::*;
use crate::memory::tests::Notebook;
use crate::*;

const MODELS: &str = r#"
[[model]]
id = "glm-paid"
provider = "glm"
idle = "fast"
price_in = 1000
price_out = 4000
[[model]]
id = "glm-free"
provider = "glm"
idle = "fast"
price_in = 0
price_out = 0
[[model]]
id = "glm-unpriced"
provider = "glm"
idle = "fast"
[[model]]
id = "kimi-paid"
provider = "kimi"
idle = "fast"
price_in = 1000
price_out = 4000
"#;

/// A dollar, in billionths.
const USD: u64 = 1_000_000_000;

/// GLM may cost a dollar a day.
fn bed(glm: Vec<Answer>, kimi: Vec<Answer>) -> World {
    remembering(&Arc::default(), glm, kimi)
}

fn remembering(memory: &Arc<Notebook>, glm: Vec<Answer>, kimi: Vec<Answer>) -> World {
    World::of_models(MODELS, Arc::clone(memory) as _, glm, kimi, |config| {
        config.providers[0].daily_nano_usd = Some(USD);
    })
}

/// An answer that cost so many questions' tokens.
pub(super) fn costs(prompt_tokens: u64, completion_tokens: u64) -> Answer {
    let usage = json!({"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens});
    let told = event(&json!({"choices": [], "usage": usage}).to_string());
    stream(vec![content("answer"), finish("stop"), told, done(), Do::End])
}

fn spent(world: &World) -> u64 {
    world.providers.health()[0].spent_nano_usd
}

#[tokio::test(start_paused = true)]
async fn at_its_ceiling_a_provider_is_left_for_the_next_until_midnight() {
    let world = bed(vec![costs(500, 100), costs(100, 0), says("again")], vec![says("from kimi")]);
    let first = world.ask(None, 600).await.unwrap();
    let report = &first.attempts[0];
    assert_eq!((report.nano_usd, report.estimated), (Some(900_000_000), false));
    assert_eq!(world.ask(None, 600).await.unwrap().model, "glm-paid", "a tenth of it was left");
    assert_eq!(spent(&world), USD);
    let third = world.ask(None, 600).await.unwrap();
    assert_eq!((third.text.as_str(), third.provider.as_str()), ("from kimi", "kimi"));
    assert_eq!(causes(&third.attempts), ["glm:budget", "kimi:ok"]);
    let refused = &third.attempts[0];
    assert_eq!(refused.detail, "1.00 of 1.00 USD are spent today, UTC");
    assert_eq!((refused.n, refused.billed, refused.nano_usd), (0, false, None));
    assert_eq!(refused.until_ms, Some(1_782_950_400_000), "2026-07-02, 00:00 UTC");
    assert_eq!(world.granted(), ["1 glm/glm-paid", "1 glm/glm-paid", "1 kimi/kimi-paid"]);
    tokio::time::sleep(S * 12 * 3600).await;
    assert_eq!(spent(&world), 0);
    assert_eq!(world.ask(None, 600).await.unwrap().text, "again");
}

#[tokio::test(start_paused = true)]
async fn with_nobody_else_to_ask_the_call_says_what_to_raise() {
    let world = bed(vec![costs(1000, 0)], vec![]);
    world.ask(Some("glm-paid"), 600).await.unwrap();
    let failure = world.ask(Some("glm-paid"), 600).await.unwrap_err();
    assert_eq!((failure.cause, failure.is_retryable()), (Cause::Budget, true));
    assert!(
        failure.message.contains("daily limit reached")
            && failure
                .message
                .ends_with("unless it is started by hand), ask another model, or again after midnight UTC.")
            && failure.message.contains("The limit is yours: raise GLM_DAILY_USD and start the daemon again"),
        "{}",
        failure.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_ceiling_survives_a_restart() {
    let memory = Arc::default();
    remembering(&memory, vec![costs(1000, 0)], vec![]).ask(None, 600).await.unwrap();
    let next = remembering(&memory, vec![], vec![says("from kimi")]);
    assert_eq!(next.ask(None, 600).await.unwrap().provider, "kimi");
}

#[tokio::test(start_paused = true)]
async fn two_names_for_one_account_have_a_limit_each() {
    let account = |config: &mut ProvidersConfig| {
        for one in &mut config.providers {
            (one.fingerprint, one.daily_nano_usd) = ("account".to_owned(), Some(USD));
        }
    };
    let memory = Arc::new(Notebook::default());
    let (glm, kimi) = (vec![costs(1000, 0)], vec![costs(100, 0)]);
    let first = World::of_models(MODELS, Arc::clone(&memory) as _, glm, kimi, account);
    first.ask(None, 600).await.unwrap();
    let reply = first.ask(None, 600).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:budget", "kimi:ok"]);
    let next = World::of_models(MODELS, memory, vec![], vec![], account);
    let spent: Vec<u64> = next.providers.health().iter().map(|one| one.spent_nano_usd).collect();
    assert_eq!(spent, [USD, USD / 10]);
}

#[tokio::test(start_paused = true)]
async fn what_costs_nothing_is_asked_whatever_was_spent() {
    let world = bed(vec![costs(1000, 0), costs(1000, 1000), says("free")], vec![]);
    world.ask(None, 600).await.unwrap();
    for _ in 0..2 {
        world.ask(Some("glm-free"), 600).await.unwrap();
    }
    assert_eq!(spent(&world), USD);
}

#[tokio::test(start_paused = true)]
async fn a_model_without_a_price_is_not_asked_under_a_ceiling() {
    let world = bed(vec![], vec![]);
    let failure = world.ask(Some("glm-unpriced"), 600).await.unwrap_err();
    assert_eq!((failure.cause, failure.is_retryable()), (Cause::Unpriced, false));
    assert!(
        failure
            .message
            .contains("With GLM_DAILY_USD, only models with a price are asked: put its price into"),
        "{}",
        failure.message
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_did_not_tell_is_estimated_and_what_it_refused_is_free() {
    // "hi" is a token and the overhead of a message; a token costs a thousandth of a dollar, one of the answer four.
    const PROMPT: u64 = 9 * USD / 1000;
    let refused = bed(vec![Answer::Refused, Answer::Refused, Answer::Refused], vec![says("k")]);
    let reply = refused.ask(None, 600).await.unwrap();
    assert_eq!((spent(&refused), reply.attempts[0].nano_usd), (0, None));
    let silent = bed(vec![Answer::Mute], vec![says("k")]);
    let reply = silent.ask(None, 600).await.unwrap();
    let stalled = &reply.attempts[0];
    assert_eq!((stalled.nano_usd, stalled.estimated), (Some(PROMPT), true), "{stalled:?}");
    assert_eq!(spent(&silent), PROMPT);
    let text = "x".repeat(70);
    let untold = bed(vec![says(&text)], vec![]);
    let reply = untold.ask(None, 600).await.unwrap();
    assert_eq!(
        (reply.attempts[0].nano_usd, reply.attempts[0].estimated),
        (Some(PROMPT + 80 * USD / 1000), true)
    );
}

#[tokio::test(start_paused = true)]
async fn a_count_beyond_what_the_model_can_take_uses_up_neither_the_day_nor_the_minute() {
    const ABSURD: u64 = 1 << 39;
    let of = |context: &str| MODELS.replace("price_in = 1000\n", &format!("price_in = 1000\n{context}"));
    let most = u64::from(4u32 << 20);
    // Prompt and answer as they are told, as they are counted, and what that costs, in thousandths of a dollar.
    for (context, told, counted) in [
        ("context = 100_000\noutput_cap = 20_000\n", (ABSURD, ABSURD), (120_000, 120_000)),
        ("context = 100_000\n", (90_000, ABSURD), (90_000, 100_000)),
        ("context = 100_000\noutput_cap = 20_000\n", (120_001, 5), (120_000, 5)),
        ("", (10, ABSURD), (10, most)),
    ] {
        let glm = vec![costs(told.0, told.1), says("again")];
        let world = World::of_models(&of(context), Arc::new(Forgetful), glm, vec![], |config| {
            config.providers[0].daily_nano_usd = Some(1_000_000 * USD);
            config.providers[0].tokens_per_minute = Some(10_000_000);
        });
        let reply = world.ask(Some("glm-paid"), 600).await.unwrap();
        let usage = reply.usage.unwrap();
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), counted, "{context}{told:?}");
        let cost = (counted.0 + 4 * counted.1) * USD / 1000;
        assert_eq!((reply.attempts[0].nano_usd, reply.attempts[0].estimated), (Some(cost), true));
        assert_eq!(spent(&world), cost);
        assert_eq!(world.ask(Some("glm-paid"), 600).await.unwrap().text, "again");
        assert!(world.requests_at("glm")[1] < 60, "{:?}", world.requests());
    }
    // What it can take is believed.
    let world = World::of_models(
        &of("context = 1000\n"),
        Arc::new(Forgetful),
        vec![costs(1000, 1000)],
        vec![],
        |_| {},
    );
    let reply = world.ask(Some("glm-paid"), 600).await.unwrap();
    assert_eq!((reply.attempts[0].nano_usd, reply.attempts[0].estimated), (Some(5 * USD), false));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_has_cost_what_had_come() {
    let world = bed(vec![stream(vec![content(&"x".repeat(70)), Do::Hang])], vec![]);
    let given_up = tokio::time::timeout(S * 5, world.ask(None, 600)).await;
    assert!(given_up.is_err());
    assert_eq!((spent(&world), world.open()), (89 * USD / 1000, 0));
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_for_a_place_do_not_spend_more_than_is_left() {
    let slow = || {
        let Answer::Head(status, headers, mut steps) = costs(1000, 0) else { unreachable!() };
        steps.insert(0, Do::Wait(S));
        Answer::Head(status, headers, steps)
    };
    let world = World::of_models(MODELS, Arc::new(Forgetful), vec![slow()], vec![slow(), slow()], |config| {
        config.providers[0].daily_nano_usd = Some(USD);
        config.providers[0].max_concurrency = 1;
    });
    let (a, b, c) = tokio::join!(world.ask(None, 600), world.ask(None, 600), world.ask(None, 600));
    let mut by: Vec<String> = [a, b, c].map(|reply| reply.unwrap().provider).into();
    by.sort();
    assert_eq!(by, ["glm", "kimi", "kimi"]);
    assert_eq!(spent(&world), USD);
}

#[tokio::test(start_paused = true)]
async fn a_stand_in_at_its_ceiling_is_none() {
    // Asked once more, since nobody else may be asked; the failure is the first one's, and who was not asked is told.
    let memory = Arc::new(Notebook::default());
    let world = World::of_models(
        MODELS,
        Arc::clone(&memory) as _,
        vec![says("g"), Answer::Mute, Answer::Mute],
        vec![costs(1000, 0)],
        |config| config.providers[1].daily_nano_usd = Some(USD),
    );
    world.ask(Some("kimi-paid"), 600).await.unwrap();
    world.ask(None, 600).await.unwrap();
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!(causes(&failure.attempts), ["glm:stall_first_event", "glm:stall_first_event"]);
    assert!(matches!(failure.cause, Cause::Stall(_)));
    assert!(
        failure
            .message
            .ends_with("Not asked: kimi-paid (daily limit reached: 1.00 of 1.00 USD are spent today, UTC)."),
        "{}",
        failure.message
    );
}

/// Two providers may serve models of one name.
#[tokio::test(start_paused = true)]
async fn a_namesake_at_another_provider_that_was_not_asked_is_told() {
    let world = World::knowing(MODELS, vec![Answer::Mute, Answer::Mute], vec![], |config| {
        config.providers[1].daily_nano_usd = Some(USD);
        config.chain = vec!["kimi/glm-paid".to_owned()];
    });
    let failure = world.ask(None, 1200).await.unwrap_err();
    assert_eq!(causes(&failure.attempts), ["glm:stall_first_event", "glm:stall_first_event"]);
    assert!(failure.message.contains("Not asked: glm-paid (price not known"), "{}", failure.message);
}

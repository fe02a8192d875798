//! Models at the end of their life, and models that a provider says it does not serve.

use std::sync::Arc;

use super::world::*;
use crate::memory::tests::Notebook;
use crate::*;

const MODELS: &str = r#"
[[model]]
id = "glm-new"
provider = "glm"
idle = "fast"
[[model]]
id = "glm-going"
provider = "glm"
status = "deprecated"
ends = "2026-12"
successor = "glm-new"
[[model]]
id = "kimi-new"
provider = "kimi"
idle = "fast"
[[model]]
id = "kimi-old"
provider = "kimi"
status = "retired"
ends = "2026-05-25"
successor = "kimi-new"
"#;

const GONE: &str = r#"{"error":{"code":"1211","message":"model does not exist"}}"#;

fn world(glm: Vec<Answer>, kimi: Vec<Answer>) -> World {
    World::knowing(MODELS, glm, kimi, |_| {})
}

async fn whatever(world: &World) -> Result<Reply, Failure> {
    world.ask(None, 60).await
}

#[tokio::test(start_paused = true)]
async fn a_retired_model_is_not_asked_and_its_successor_is_named() {
    let world = world(vec![], vec![]);
    for name in ["kimi-old", "KIMI-OLD", "kimi/kimi-old"] {
        let failure = world.ask(Some(name), 60).await.unwrap_err();
        assert_eq!(failure.cause, Cause::Retired);
        assert_eq!(failure.message, "kimi-old was retired on 2026-05-25; ask kimi-new.");
        assert!(!failure.is_retryable() && failure.attempts.is_empty());
    }
    assert_eq!(world.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn where_another_may_answer_for_a_retired_model_it_does() {
    let chat = Chat {
        model: Some("kimi-old".to_owned()),
        messages: vec![Message::new(Role::User, "hi")],
        fallback: Fallback::Allowed,
        ..Chat::default()
    };
    let named = world(vec![says("glm")], vec![]);
    let reply = named.chat(chat, 60).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["kimi:retired", "glm:ok"]);
    assert_eq!(named.requests().len(), 1);
    assert_eq!(reply.attempts[0].detail, "it ended on 2026-05-25");
    assert_eq!(reply.notes, ["The successor of kimi-old is kimi-new: ask that."]);

    let nobody = World::knowing(MODELS, vec![status(401, "{}")], vec![], |config| {
        config.default_model = Some("kimi-old".to_owned());
    });
    let failure = whatever(&nobody).await.unwrap_err();
    assert!(failure.message.contains("retired model (it ended on 2026-05-25)"), "{}", failure.message);
    assert!(
        failure.message.ends_with("The successor of kimi-old is kimi-new: ask that."),
        "{}",
        failure.message
    );

    let default = |config: &mut ProvidersConfig| config.default_model = Some("kimi-old".to_owned());
    let world = World::knowing(MODELS, vec![says("glm")], vec![], default);
    assert_eq!(whatever(&world).await.unwrap().text, "glm");
    let alone = World::knowing(MODELS, vec![], vec![], |config| {
        default(config);
        config.fallback = FallbackPolicy::Off;
    });
    let failure = whatever(&alone).await.unwrap_err();
    assert_eq!(failure.cause, Cause::Retired);
    assert!(failure.message.ends_with("ask kimi-new, in EXAI_DEFAULT_MODEL."), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn a_retired_model_answers_for_no_other() {
    for (fallback, chain) in
        [(FallbackPolicy::Chain, vec!["kimi-old".to_owned()]), (FallbackPolicy::Family, vec![])]
    {
        let glm = [1, 2].map(|_| status(401, "{}")).into();
        let world = World::knowing(MODELS, glm, vec![], |config| {
            (config.fallback, config.chain) = (fallback, chain);
        });
        let failure = whatever(&world).await.unwrap_err();
        assert_eq!(failure.cause, Cause::AuthDead);
        assert!(world.requests().iter().all(|(provider, _)| provider == "glm"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_a_deprecated_model_says_what_comes_after_it() {
    let world = world(vec![says("x"), says("y")], vec![]);
    let reply = world.ask(Some("glm-going"), 60).await.unwrap();
    assert_eq!(reply.notes, ["glm-going is deprecated and ends in 2026-12; ask glm-new instead."]);
    assert_eq!(whatever(&world).await.unwrap().notes, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_gone_is_passed_over_for_an_hour_and_its_siblings_are_not() {
    let glm = vec![status(400, GONE), says("going"), status(404, GONE), says("new again")];
    let kimi = ["one", "two", "three"].map(says).into();
    let world = world(glm, kimi);
    assert_eq!(causes(&whatever(&world).await.unwrap().attempts), ["glm:model_gone", "kimi:ok"]);
    let reply = whatever(&world).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:model_gone", "kimi:ok"]);
    let AttemptReport { n, detail, billed, .. } = &reply.attempts[0];
    assert!(
        *n == 0 && !billed && detail.contains("not asked again") && detail.contains("does not exist"),
        "{detail}"
    );
    assert_eq!(world.requests().len(), 3, "the second call did not ask it");
    assert_eq!(world.ask(Some("glm-going"), 60).await.unwrap().text, "going");
    tokio::time::advance(3600 * S).await;
    assert_eq!(whatever(&world).await.unwrap().text, "three");
    tokio::time::advance(3600 * S).await;
    assert_eq!(whatever(&world).await.unwrap().text, "new again");
}

#[tokio::test(start_paused = true)]
async fn whatever_word_a_provider_has_for_it_the_route_is_closed_and_no_other_refusal_closes_it() {
    let code = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#);
    let gone = ["1211", "1221", "1222", "1311"].map(|word| status(400, &code(word)));
    let in_stream = stream(vec![event(&code("1211")), Do::End]);
    for (refusal, passed_over) in gone
        .into_iter()
        .chain([status(404, "{}"), in_stream])
        .map(|refusal| (refusal, "glm:model_gone"))
        .chain(["1113", "1308", "1000"].map(|word| (status(429, &code(word)), "glm:open")))
    {
        let what = format!("{refusal:?}");
        let world = world(vec![refusal], vec![says("kimi"), says("kimi")]);
        whatever(&world).await.unwrap();
        let reply = whatever(&world).await.unwrap();
        assert_eq!(causes(&reply.attempts), [passed_over, "kimi:ok"], "{what}");
        let is_held =
            world.providers.layer.quarantine.why(0, "glm-new", world.providers.layer.moment()).is_some();
        assert_eq!(is_held, passed_over == "glm:model_gone", "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rest_that_is_refused_says_nothing_of_the_model() {
    let mut world = world(vec![], vec![status(404, GONE), status(401, "{}")]);
    world.keep(1, "kimi-new", &"word ".repeat(2_000));
    let reply = world.ask(Some("kimi-new"), 600).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["kimi:model_gone", "kimi:auth_dead"]);
    assert_eq!(world.providers.layer.quarantine.why(1, "kimi-new", world.providers.layer.moment()), None);
}

#[tokio::test(start_paused = true)]
async fn who_wants_nothing_but_a_gone_model_is_let_through_and_an_answer_frees_it() {
    let glm = vec![status(404, GONE), status(404, GONE), says("back"), says("back for all")];
    let world = world(glm, vec![]);
    for _ in 0..2 {
        let failure = world.ask(Some("glm-new"), 60).await.unwrap_err();
        assert_eq!(failure.cause, Cause::ModelGone);
    }
    assert_eq!(world.ask(Some("glm-new"), 60).await.unwrap().text, "back");
    assert_eq!(whatever(&world).await.unwrap().text, "back for all");
}

#[tokio::test(start_paused = true)]
async fn the_sentence_on_a_gone_model_names_its_successor() {
    let world = world(vec![status(404, GONE), status(404, GONE)], vec![status(401, "{}")]);
    let failure = world.ask(Some("glm-going"), 60).await.unwrap_err();
    let text = failure.message;
    assert!(text.ends_with("The successor of glm-going is glm-new: ask that."), "{text}");
    let failure = whatever(&world).await.unwrap_err();
    assert!(!failure.message.contains("successor"), "{}", failure.message);
}

/// With a memory that outlives it.
fn remembering(memory: &Arc<Notebook>, glm: Vec<Answer>, kimi: Vec<Answer>) -> World {
    World::of_models(MODELS, Arc::clone(memory) as _, glm, kimi, |_| {})
}

#[tokio::test(start_paused = true)]
async fn a_restart_does_not_ask_again_for_a_model_that_is_gone() {
    let memory = Arc::default();
    let first = remembering(&memory, vec![status(404, GONE)], vec![says("kimi")]);
    whatever(&first).await.unwrap();
    let again = remembering(&memory, vec![], vec![says("kimi")]);
    let [_, key] = &again.providers.health()[0].keys[..] else { panic!("the route is told of unasked") };
    assert_eq!(
        (key.model.as_deref(), key.state, key.cause),
        (Some("glm-new"), BreakerState::Open, Some("model_gone"))
    );
    assert_eq!((key.left_ms, key.retry_ms), (Some(3_600_000), Some(3_600_000)));
    let reply = whatever(&again).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:model_gone", "kimi:ok"]);
    assert!(
        reply.attempts[0].detail.contains("not asked again; 0 min ago: "),
        "{}",
        reply.attempts[0].detail
    );
    assert_eq!(again.requests().len(), 1);
    let other = World::of_models(MODELS, Arc::clone(&memory) as _, vec![says("glm")], vec![], |config| {
        config.providers[0].fingerprint = "another".to_owned();
    });
    assert_eq!(whatever(&other).await.unwrap().text, "glm", "another key starts clean");
    let back = remembering(&memory, vec![says("glm"), says("glm")], vec![]);
    let turned = back.providers.turned();
    assert_eq!(back.ask(Some("glm-new"), 60).await.unwrap().text, "glm");
    assert!(tokio::time::timeout(S, turned).await.is_ok(), "that it answers is told at once");
    assert_eq!(back.providers.health()[0].keys[1].state, BreakerState::Closed);
    assert!(memory.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_gone_at_the_only_provider_says_why_no_other_was_asked() {
    let world = |answer: Answer, change: fn(&mut ProvidersConfig)| {
        World::knowing(MODELS, vec![answer], vec![], |config| {
            config.providers.truncate(1);
            change(config);
        })
    };
    let told = "Not asked: other models of glm (no other provider has a key and a listed model, and EXAI_CHAIN names none).";
    let alone = world(status(400, GONE), |_| {});
    let failure = whatever(&alone).await.unwrap_err();
    assert!(failure.message.ends_with(told), "{failure}");
    // Nobody wanted another, or another would be ailing, too.
    let off = world(status(400, GONE), |config| config.fallback = FallbackPolicy::Off);
    let named = world(status(400, GONE), |_| {});
    let refused = world(status(401, "{}"), |_| {});
    let failures = [
        whatever(&off).await.unwrap_err(),
        named.ask(Some("glm-new"), 60).await.unwrap_err(),
        whatever(&refused).await.unwrap_err(),
    ];
    for failure in failures {
        assert!(!failure.message.contains("Not asked"), "{failure}");
    }
}

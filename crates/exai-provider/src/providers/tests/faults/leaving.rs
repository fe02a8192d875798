//! F31, F34: callers that leave, and secrets that must not.

use super::super::pausing::{error, many, state};
use super::*;

#[tokio::test(start_paused = true)]
pub(super) async fn f31_dropping_a_call_closes_its_connection_and_frees_its_place() {
    let change = |config: &mut ProvidersConfig| config.providers[0].max_concurrency = 1;
    let hung = stream(vec![content("x"), Do::Hang]);
    let world = World::with(vec![hung, Answer::Mute, says("free")], vec![], change);
    for _ in 0..2 {
        assert!(tokio::time::timeout(S, world.ask(Some("glm-fast"), 1200)).await.is_err());
        assert_eq!((world.open(), world.providers.health()[0].in_flight), (0, 0));
        assert_eq!(world.providers.health()[0].failures, 0);
    }
    assert_eq!(world.ask(Some("glm-fast"), 1200).await.unwrap().text, "free");
    assert_eq!(world.requests_at("glm"), [0, 1, 2], "one for each call");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f31_cancel_deadline_policy_and_bad_requests_never_count() {
    let hangs = || stream(vec![Do::Hang]);
    let mut script: Vec<Answer> = (0..12).map(|_| hangs()).collect();
    script.extend(many(&error("1301"), 12));
    script.extend(many(&error("1210"), 12));
    script.push(says("x"));
    let world = World::new(script, vec![]);
    for n in 0..12 {
        let call = world.ask(Some("glm-fast"), if n % 2 == 0 { 30 } else { 1200 });
        let outcome = tokio::time::timeout(31 * S, call).await;
        assert!(outcome.is_err() || outcome.is_ok_and(|failed| failed.unwrap_err().code() == "deadline"));
    }
    assert_eq!(world.open(), 0);
    for _ in 0..24 {
        world.ask(Some("glm-fast"), 1200).await.unwrap_err();
    }
    assert_eq!(state(&world, 0, Some("glm-fast")), BreakerState::Closed);
    assert_eq!(world.ask(Some("glm-fast"), 1200).await.unwrap().text, "x");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f34_when_all_fail_each_cause_is_told_without_secrets() {
    let quoting = status(401, r#"{"error":{"code":"1002","message":"no such key glm-secret-key"}}"#);
    let played =
        play(vec![quoting], vec![status(404, "{}")]).await.fails(&["glm:auth_dead", "kimi:model_gone"]);
    let failure = played.outcome.as_ref().unwrap_err();
    for part in ["glm-fast at glm: key refused", "no such key [key]", "kimi-fast at kimi: model not served"] {
        assert!(failure.message.contains(part), "{failure}");
    }
    assert!(!format!("{failure:?}").contains("secret"));
    // Nor inside a stream.
    let quoting = stream(vec![event(r#"{"error":{"code":"1002","message":"no such key glm-secret-key"}}"#)]);
    let played = play(vec![quoting], vec![says("x")]).await.is("x", &["glm:auth_dead", "kimi:ok"]);
    assert!(!format!("{:?}", played.reply()).contains("secret"));
}

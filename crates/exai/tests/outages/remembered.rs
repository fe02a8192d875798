//! What a daemon knew of its providers, after a kill.

use exai_sim::process::HANG;
use exai_sim::provider::{ErrorReply, Reply, Script};
use serde_json::Value;

use crate::world::{World, assert_orderly, chat_now, text_of};

/// A dollar for each token.
const PRICES: &str = "\
[[model]]
id = \"glm-5.3\"
price_in = 1_000_000.0
price_out = 1_000_000.0
price_cached = 1_000_000.0
";

/// Providers that were asked, in order.
fn asked(world: &World) -> Vec<String> {
    world.provider.requests().into_iter().map(|request| request.provider).collect()
}

#[test]
fn what_was_spent_today_outlives_a_kill() {
    let mut world = World::with(&[("GLM_DAILY_USD", "5"), ("EXAI_CHAIN", "kimi")]);
    let models = world.exai.state_dir().join("models.toml");
    std::fs::write(&models, PRICES).unwrap();
    world.exai.set("EXAI_MODELS_FILE", models.to_str().unwrap());
    let first = world.daemon();
    let host = world.host();
    text_of(&chat_now(&host, "one"));
    first.kill().unwrap();
    let _second = world.daemon();
    let answer = chat_now(&host, "two");
    let text = text_of(&answer);
    assert!(
        text.starts_with("Note: answered by kimi")
            && text.contains("(glm-5.3: daily limit reached for another ")
            && text.contains(", until 00:00 UTC on "),
        "{text}"
    );
    assert_eq!(answer.route().unwrap()["attempts"][0]["cause"], "budget");
    assert_eq!(asked(&world), ["glm", "kimi"]);
    assert_orderly(&host);
}

#[test]
fn a_used_up_quota_is_not_asked_for_again_after_a_kill_and_status_says_until_when() {
    let mut world = World::new();
    let first = world.daemon();
    let host = world.host();
    let reply = Reply::Error(ErrorReply::glm(429, "1308", "usage limit reached"));
    world.provider.push(Script { reply, ..Script::default() });
    assert_eq!(chat_now(&host, "one").route().unwrap()["provider"], "kimi");
    assert_eq!(asked(&world), ["glm", "kimi"]);
    first.kill().unwrap();
    let second = world.daemon();
    let answer = chat_now(&host, "two");
    let skipped = &answer.route().unwrap()["attempts"][0];
    assert_eq!((&skipped["cause"], &skipped["billed"]), (&Value::from("open"), &Value::from(false)));
    assert!(skipped["until_ms"].as_u64().is_some(), "{skipped}");
    assert_eq!(asked(&world), ["glm", "kimi", "kimi"]);
    let status = world.exai.run(&["call", "status"], HANG).unwrap();
    let text = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(text.contains("glm-5.3: paused (quota used up), asked again in 14 min"), "{text}");
    // Another key is another account.
    second.kill().unwrap();
    world.exai.set("GLM_API_KEY", "another-key");
    let _third = world.daemon();
    assert_eq!(chat_now(&host, "three").route().unwrap()["provider"], "glm");
    assert_orderly(&host);
}

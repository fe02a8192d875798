//! What a daemon knew of its providers, after a kill.

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
            && text.contains("(glm-5.3: daily limit reached until 00:00 UTC on "),
        "{text}"
    );
    assert_eq!(answer.route().unwrap()["attempts"][0]["cause"], "budget");
    assert_eq!(asked(&world), ["glm", "kimi"]);
    assert_orderly(&host);
}

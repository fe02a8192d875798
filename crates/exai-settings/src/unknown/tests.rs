use proptest::prelude::*;

use super::distance;
use crate::load::tests::World;

fn warnings(world: World) -> Vec<(String, String)> {
    let loaded = world.load();
    assert_eq!(loaded.errors, []);
    loaded.warnings.into_iter().map(|one| (one.setting.unwrap_or_default(), one.message)).collect()
}

#[test]
fn a_misspelt_name_gets_the_nearest() {
    let cases = [
        ("EXAI_WS_PROT", "EXAI_WS_PORT"),
        ("EXAI_HODL", "EXAI_HOLD"),
        ("exai_ws_token", "EXAI_WS_TOKEN"),
        ("GLM_APIKEY", "GLM_API_KEY"),
        ("GLM_STREAM_TIMEOUT_SECS", "GLM_STREAM_TIMEOUT"),
        ("KIMI_API_URI", "KIMI_BASE_URL"),
        ("KIMI_STREAM_TIMEOUTS", "KIMI_STREAM_TIMEOUT"),
        ("EXAI_AUTO_START", "EXAI_AUTOSTART"),
    ];
    for (name, nearest) in cases {
        let expected = vec![(name.to_owned(), format!("there is no such setting; the nearest is {nearest}"))];
        assert_eq!(warnings(World::default().env(name, "sk-hush")), expected);
        assert_eq!(warnings(World::default().file(&format!("{name}=sk-hush"))), expected);
    }
}

#[test]
fn the_environment_belongs_to_others_too() {
    for name in
        ["LOGLEVEL", "REDIS_URL", "OPENROUTER_API_KEY", "MAX_RETRIES", "PATH", "FOO", "EXAI_MCP_SCHEMA_DIR"]
    {
        assert_eq!(warnings(World::default().env(name, "1")), [], "{name}");
    }
    for name in ["LOGLEVEL", "REDIS_URL", "OPENROUTER_API_KEY", "MAX_RETRIES"] {
        assert_eq!(warnings(World::default().file(&format!("{name}=1"))).len(), 1, "{name}");
    }
    assert_eq!(warnings(World::default().file("FOO=1\nPATH=/bin")), []);
}

#[test]
fn retired_names_say_what_to_do() {
    for name in ["EXAI_WS_SKIP_HEALTH_CHECK", "KIMI_TIMEOUT_SECS", "SIMPLE_TOOL_TIMEOUT_SECS"] {
        let found = warnings(World::default().env(name, "1"));
        assert!(found.len() == 1 && found[0].1.starts_with("not used;"), "{found:?}");
    }
}

#[test]
fn names_of_further_providers() {
    let world = || World::default().env("EXAI_PROVIDERS", "openai=https://api.openai.com/v1");
    assert_eq!(warnings(world().env("OPENAI_API_KEY", "k").env("OPENAI_ORG_ID", "x")), []);
    let found = warnings(world().env("OPENAI_API_KYE", "k"));
    assert_eq!(
        found,
        [("OPENAI_API_KYE".into(), "there is no such setting; is OPENAI_API_KEY meant?".into())]
    );
    let found = warnings(world().env("OPENAI_BASE_URL", "https://elsewhere.org/v1"));
    assert!(found.len() == 1 && found[0].1.contains("EXAI_PROVIDERS"), "{found:?}");
    assert_eq!(warnings(world().env("OPENAI_BASE_URL", "https://api.openai.com/v1")), []);
}

#[test]
fn slips() {
    let cases = [
        ("", "", 0),
        ("a", "", 1),
        ("PORT", "PROT", 1),
        ("PORT", "PORTS", 1),
        ("PORT", "HOST", 2),
        ("AB", "CD", 2),
    ];
    for (left, right, slips) in cases {
        assert_eq!(distance(left, right), slips, "{left} {right}");
    }
}

proptest! {
    #[test]
    fn distance_is_symmetric_and_bounded(left in "[A-D_]{0,12}", right in "[A-D_]{0,12}") {
        let slips = distance(&left, &right);
        prop_assert_eq!(slips, distance(&right, &left));
        prop_assert!(slips <= left.len().max(right.len()));
        prop_assert!(slips >= left.len().abs_diff(right.len()));
        prop_assert_eq!(slips == 0, left == right);
    }
}

use exai_provider::{BreakerState, Capability, Day, KeyHealth, ModelInfo, ProviderHealth, Status};

use super::{FOUND_SHOWN, SHOWN, grouped, shown, text};

fn model(id: &str, usable: bool, price: Option<(f64, f64)>) -> ModelInfo {
    ModelInfo { aliases: vec!["g".to_owned()], is_default: usable, usable, price, ..crate::tests::model(id) }
}

#[test]
fn usable_models_come_first_and_a_missing_key_is_told() {
    assert_eq!(
        text(&[model("b", false, Some((0.0, 0.0))), model("a", true, Some((1.4, 4.4)))], 0, &[], &[]),
        "a (glm, default) · also: g · context 200,000, output 131,072 tokens · thinks · USD 1.4/4.4 per million tokens in/out\n\
         b (glm) · also: g · context 200,000, output 131,072 tokens · thinks · free · NO KEY: set GLM_API_KEY"
    );
}

#[test]
fn without_a_usable_model_the_text_says_what_to_set() {
    assert!(text(&[], 0, &[], &[]).contains("GLM_API_KEY"));
    assert!(text(&[model("a", false, None)], 0, &[], &[]).starts_with("No model can be used yet"));
}

#[test]
fn a_provider_without_listed_models_says_how_to_name_one() {
    let text = text(&[model("a", false, None)], 0, &["mine".to_owned()], &[]);
    assert!(text.starts_with("mine: any model as mine/<model>\na (glm) "), "{text}");
}

#[test]
fn models_that_are_not_shown_are_counted() {
    assert!(text(&[model("a", true, None)], 3, &[], &[]).ends_with("\nand 3 more, which are asked by name"));
}

#[test]
fn thousands_are_kept_apart() {
    for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_048_576, "1,048,576")] {
        assert_eq!(grouped(number), shown);
    }
}

fn going(id: &str, status: Status, ends: &str) -> ModelInfo {
    let ends = Day::try_from(ends.to_owned()).ok();
    ModelInfo {
        aliases: Vec::new(),
        status,
        ends,
        successor: Some("new".to_owned()),
        ..model(id, true, None)
    }
}

#[test]
fn what_a_model_can_do_and_when_it_ends_is_told() {
    let sees = ModelInfo { can: vec![Capability::Vision, Capability::Json], ..model("a", true, None) };
    assert!(text(&[sees], 0, &[], &[]).ends_with(" · thinks · vision, json"));
    for (ends, end) in
        [("2026-12", "DEPRECATED, ends in 2026-12, successor: new"), ("", "DEPRECATED, successor: new")]
    {
        let text = text(&[going("a", Status::Deprecated, ends)], 0, &[], &[]);
        assert!(text.ends_with(&format!(" · thinks · {end}")), "{text}");
    }
    let retired = text(&[going("a", Status::Retired, "2026-05-25")], 0, &[], &[]);
    assert_eq!(retired, "a (glm, default) · RETIRED on 2026-05-25, not asked, successor: new");
    let found = ModelInfo { found: true, output_cap: 0, ..model("a", true, None) };
    assert!(
        text(&[found], 0, &[], &[]).ends_with(" · context 200,000 tokens · thinks · found at the provider")
    );
}

#[test]
fn retired_models_come_last_and_without_a_key_not_at_all() {
    let found = ModelInfo { found: true, is_default: false, ..model("found", true, None) };
    let old = ModelInfo { is_default: false, ..going("old", Status::Retired, "2026-05-25") };
    let plain = ModelInfo { is_default: false, ..model("plain", true, None) };
    let no_key = ModelInfo { usable: false, ..old.clone() };
    let (models, more) = shown(vec![no_key, old, found, plain, model("default", true, None)]);
    let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!((ids, more), (vec!["default", "plain", "found", "old", "old"], 0));
    assert_eq!(text(&models, 0, &[], &[]).matches("RETIRED").count(), 1);
}

#[test]
fn found_models_crowd_no_listed_one_out() {
    let found = (0..400).map(|n| ModelInfo { found: true, ..model(&format!("f{n}"), true, None) });
    let listed = (0..40).map(|n| model(&format!("l{n}"), true, None));
    let (models, more) = shown(found.chain(listed).collect());
    assert_eq!((models.len(), more), (40 + FOUND_SHOWN, 400 - FOUND_SHOWN));
    let (models, more) = shown((0..500).map(|n| model(&format!("l{n}"), true, None)).collect());
    assert_eq!((models.len(), more), (SHOWN, 500 - SHOWN));
}

#[test]
fn who_is_not_asked_just_now_is_told_as_such() {
    let paused = |model: Option<&str>, cause| KeyHealth {
        model: model.map(str::to_owned),
        state: BreakerState::Open,
        cause: Some(cause),
        retry_ms: Some(1_800_000),
        ..KeyHealth::default()
    };
    let provider =
        |name: &str, keys| ProviderHealth { name: name.to_owned(), keys, ..ProviderHealth::default() };
    let closed = KeyHealth::default();
    let health = [
        provider("kimi", vec![paused(None, "auth_dead")]),
        provider("glm", vec![closed.clone(), paused(Some("a"), "model_gone")]),
    ];
    let models = [model("a", true, None), model("b", true, None)];
    let told = text(&models, 0, &[], &health);
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].ends_with(" · thinks · paused (model not served there), asked again in 30 min"),
        "{told}"
    );
    assert!(lines[1].ends_with(" · thinks"), "{told}");
    let told = text(&models, 0, &[], &[provider("glm", vec![paused(None, "auth_dead")])]);
    assert_eq!(told.matches("paused (key refused), asked again in 30 min").count(), 2, "{told}");
}

#[test]
fn who_is_not_asked_for_a_limit_for_a_day_is_told_as_such() {
    let told = |price, spent_nano_usd| {
        let name = "glm".to_owned();
        let daily_nano_usd = Some(5_000);
        let provider = ProviderHealth { name, daily_nano_usd, spent_nano_usd, ..ProviderHealth::default() };
        text(&[model("a", true, price)], 0, &[], &[provider])
    };
    let reached = " · not asked before midnight, UTC: the limit for the day is reached";
    assert!(told(Some((1.0, 2.0)), 5_000).ends_with(reached));
    for asked in [told(Some((1.0, 2.0)), 4_999), told(Some((0.0, 0.0)), 5_000)] {
        assert!(!asked.contains("not asked"), "{asked}");
    }
    assert!(told(None, 0).ends_with(" · not asked: there is a limit for a day, and no price to count it by"));
}

use exai_provider::ModelInfo;

use super::{grouped, text};

fn model(id: &str, usable: bool, price: Option<(f64, f64)>) -> ModelInfo {
    ModelInfo { aliases: vec!["g".to_owned()], is_default: usable, usable, price, ..crate::tests::model(id) }
}

#[test]
fn usable_models_come_first_and_a_missing_key_is_told() {
    assert_eq!(
        text(&[model("b", false, Some((0.0, 0.0))), model("a", true, Some((1.4, 4.4)))], 0, &[]),
        "a (glm, default) · also: g · context 200,000, output 131,072 tokens · thinks · USD 1.4/4.4 per million tokens in/out\n\
         b (glm) · also: g · context 200,000, output 131,072 tokens · thinks · free · NO KEY: set GLM_API_KEY"
    );
}

#[test]
fn without_a_usable_model_the_text_says_what_to_set() {
    assert!(text(&[], 0, &[]).contains("GLM_API_KEY"));
    assert!(text(&[model("a", false, None)], 0, &[]).starts_with("No model can be used yet"));
}

#[test]
fn a_provider_without_listed_models_says_how_to_name_one() {
    let text = text(&[model("a", false, None)], 0, &["mine".to_owned()]);
    assert!(text.starts_with("mine: any model as mine/<model>\na (glm) "), "{text}");
}

#[test]
fn models_that_are_not_shown_are_counted() {
    assert!(text(&[model("a", true, None)], 3, &[]).ends_with("\nand 3 more, which are asked by name"));
}

#[test]
fn thousands_are_kept_apart() {
    for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_048_576, "1,048,576")] {
        assert_eq!(grouped(number), shown);
    }
}

use exai_provider::ModelInfo;

use super::text;

fn model(id: &str, usable: bool, price: Option<(f64, f64)>) -> ModelInfo {
    ModelInfo { aliases: vec!["g".to_owned()], is_default: usable, usable, price, ..crate::tests::model(id) }
}

#[test]
fn usable_models_come_first_and_a_missing_key_is_told() {
    assert_eq!(
        text(&[model("b", false, None), model("a", true, Some((1.4, 4.4)))], &[]),
        "a (glm, default) · also: g · context 200000, output 131072 tokens · thinks · USD 1.4/4.4 per million tokens in/out\n\
         b (glm) · also: g · context 200000, output 131072 tokens · thinks · NO KEY"
    );
}

#[test]
fn without_a_usable_model_the_text_says_what_to_set() {
    assert!(text(&[], &[]).contains("GLM_API_KEY"));
    assert!(text(&[model("a", false, None)], &[]).starts_with("No model can be used yet"));
}

#[test]
fn a_provider_without_listed_models_says_how_to_name_one() {
    let text = text(&[model("a", false, None)], &["mine".to_owned()]);
    assert!(text.starts_with("mine: any model as mine/<model>\na (glm) "), "{text}");
}

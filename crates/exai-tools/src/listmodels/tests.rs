use exai_provider::ModelInfo;

use super::text;

fn model(id: &str, usable: bool) -> ModelInfo {
    ModelInfo {
        id: id.to_owned(),
        provider: "glm".to_owned(),
        aliases: vec!["g".to_owned()],
        context: 200_000,
        output_cap: 131_072,
        thinks: true,
        is_default: usable,
        usable,
        price: Some((1.4, 4.4)),
    }
}

#[test]
fn usable_models_come_first_and_a_missing_key_is_told() {
    assert_eq!(
        text(&[model("b", false), model("a", true)]),
        "a (glm, default) · also: g · context 200000, output 131072 tokens · thinks\n\
         b (glm) · also: g · context 200000, output 131072 tokens · thinks · NO KEY"
    );
}

#[test]
fn without_a_usable_model_the_text_says_what_to_set() {
    assert!(text(&[]).contains("GLM_API_KEY"));
    assert!(text(&[model("a", false)]).starts_with("No model can be used yet"));
}

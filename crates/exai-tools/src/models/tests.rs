use exai_provider::{ModelInfo, Status};

use super::{find, is_same};

fn model(id: &str, provider: &str, alias: &str, is_default: bool) -> ModelInfo {
    ModelInfo {
        provider: provider.to_owned(),
        aliases: vec![alias.to_owned()],
        is_default,
        ..crate::tests::model(id)
    }
}

#[test]
fn a_model_is_found_by_id_alias_provider_and_as_default() {
    let models = [model("glm-5.3", "glm", "glm", true), model("moonshot/k3", "router", "k3", false)];
    for name in [None, Some("auto"), Some("GLM-5.3"), Some("glm"), Some("glm/glm-5.3")] {
        assert_eq!(find(&models, name).map(|model| model.id.as_str()), Some("glm-5.3"), "{name:?}");
    }
    for name in ["k3", "moonshot/k3", "router/moonshot/k3", "Router"] {
        assert_eq!(find(&models, Some(name)).map(|model| model.id.as_str()), Some("moonshot/k3"), "{name}");
    }
    assert_eq!(find(&models, Some("kimi/glm-5.3")), None);
}

#[test]
fn what_was_found_is_meant_where_nothing_listed_is_and_a_provider_means_a_model_that_it_serves() {
    let found = |id: &str| ModelInfo { found: true, ..model(id, "router", "", false) };
    let old = ModelInfo { status: Status::Retired, ..model("old", "glm", "", false) };
    let models = [old, model("new", "glm", "n", false), found("glm"), found("n"), found("x")];
    for (name, means) in
        [("glm", "new"), ("n", "new"), ("x", "x"), ("router/n", "n"), ("old", "old"), ("router", "")]
    {
        let id = find(&models, Some(name)).map_or("", |model| model.id.as_str());
        assert_eq!(id, means, "{name}");
    }
}

#[test]
fn a_dated_or_namespaced_answer_is_the_same_model_and_a_variant_is_not() {
    for answered in
        ["glm-5.3", "GLM-5.3", "z-ai/glm-5.3", "glm-5.3-20260901", "glm-5.3-2026-09-01", "glm-5.3-0901"]
    {
        assert!(is_same("glm-5.3", answered), "{answered}");
    }
    for answered in ["glm-5.3-flash", "glm-5.2", "glm-5.33", "glm-5.3-128", "kimi-k3", "glm-5"] {
        assert!(!is_same("glm-5.3", answered), "{answered}");
    }
}

use super::is_same;

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

use super::*;

#[test]
fn near_names_come_first_and_far_ones_not_at_all() {
    let names = ["glm-5.3", "glm-5.3-flash", "kimi-k3", "moonshot"];
    assert_eq!(nearest("GLM-5.4", names.into_iter(), 3), ["glm-5.3"]);
    assert_eq!(nearest("kimi-3", names.into_iter(), 3).first(), Some(&"kimi-k3"));
    assert!(nearest("gpt-4o-mini", names.into_iter(), 3).is_empty());
    let long = "x".repeat(ID_BYTES_MAX + 1);
    assert!(nearest(&long, [long.as_str()].into_iter(), 3).is_empty(), "no time is spent on it");
}

use super::*;

#[test]
fn a_seed_is_a_body_behind_its_status() {
    assert_eq!(seed("data: a\n\n"), "  data: a\n\n");
    assert_eq!(seed("HTTP/1.1 429 Too Many\nx: y\n\n{}\n\n{}"), "- {}\n\n{}");
    assert_eq!(seed("HTTP/1.1 502 Bad Gateway\n\n"), ". ");
}

#[test]
fn every_fixture_is_a_seed() {
    let files: Vec<(String, String)> = files().collect();
    assert_eq!(files.len(), FIXTURES.len());
    assert!(files.iter().any(|(path, _)| path == "fuzz/corpus/sse/glm_tool_stream"));
}

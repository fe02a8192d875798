use super::*;

fn seconds(host: &str, token: Token) -> Option<u64> {
    patience(Some(host), token).map(|patience| patience.as_secs())
}

#[test]
fn each_host_is_answered_before_it_gives_up() {
    for (host, silent, with_progress) in [
        ("augment-mcp-client", Some(590), Some(1790)),
        ("claude-code", Some(1790), None),
        ("codex-mcp-client", Some(290), Some(290)),
        ("gemini-cli-mcp-client", Some(590), Some(590)),
        ("qwen-cli-mcp-client-exai", Some(290), None),
        ("opencode", Some(50), None),
        ("@cline/core", Some(50), Some(50)),
        ("goose-cli", Some(290), Some(290)),
        ("Visual Studio Code - Insiders", None, None),
        ("Zed", Some(50), Some(50)),
        ("somebody", Some(50), None),
    ] {
        assert_eq!(seconds(host, Token::Absent), silent, "{host} without progress");
        assert_eq!(seconds(host, Token::Given), with_progress, "{host} with progress");
    }
    assert_eq!(patience(None, Token::Absent), Some(Duration::from_secs(50)));
}

#[test]
fn a_cancel_is_a_timeout_by_its_words_or_by_its_moment() {
    let age = Duration::from_secs;
    let given = Token::Given;
    assert!(is_timeout(None, given, age(3), Some("McpError: Request timed out")));
    assert!(is_timeout(Some("codex-mcp-client"), given, age(300), Some("cancelled")));
    assert!(!is_timeout(Some("codex-mcp-client"), given, age(120), Some("user stopped")));
    assert!(!is_timeout(Some("claude-code"), given, age(1800), None));
}

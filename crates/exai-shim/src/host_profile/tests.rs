use super::*;

fn of(host: &str) -> Limits<'_> {
    Limits { host: Some(host), told: None }
}

fn seconds(host: &str, token: Token) -> Option<u64> {
    of(host).patience(token).map(|patience| patience.as_secs())
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
    let nobody = Limits { host: None, told: None };
    assert_eq!(nobody.patience(Token::Absent), Some(Duration::from_secs(50)));
}

#[test]
fn a_limit_that_the_user_tells_of_takes_the_place_of_the_known_one() {
    let secs = Duration::from_secs;
    let told = |host, told| Limits { host: Some(host), told: Some(told) };
    assert_eq!(told("cline", secs(3600)).patience(Token::Given), Some(secs(3590)));
    assert_eq!(told("opencode", secs(3600)).patience(Token::Given), None);
    assert_eq!(told("augment", secs(60)).patience(Token::Given), Some(secs(1790)));
    assert_eq!(told("visual studio code", secs(60)).patience(Token::Absent), Some(secs(50)));
    assert_eq!(
        told("somebody", secs(3)).patience(Token::Absent),
        Some(secs(2)),
        "most of a short limit is used"
    );
}

#[test]
fn a_cancel_is_a_timeout_by_its_words_or_by_its_moment() {
    let age = Duration::from_secs;
    let given = Token::Given;
    let nobody = Limits { host: None, told: None };
    assert!(nobody.is_timeout(given, age(3), Some("McpError: Request timed out")));
    assert!(of("codex-mcp-client").is_timeout(given, age(300), Some("cancelled")));
    assert!(!of("codex-mcp-client").is_timeout(given, age(120), Some("user stopped")));
    assert!(!of("claude-code").is_timeout(given, age(1800), None));
    let short = Limits { host: None, told: Some(age(6)) };
    assert!(short.is_timeout(Token::Absent, age(6), None) && !short.is_timeout(Token::Absent, age(3), None));
}

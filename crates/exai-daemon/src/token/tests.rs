use super::Token;

#[test]
fn only_the_whole_token_as_bearer_authorizes() {
    let token = Token::new("s3cret-token".to_owned());
    for right in ["Bearer s3cret-token", "bearer s3cret-token", "  Bearer   s3cret-token "] {
        assert!(token.authorizes(Some(right)), "{right:?}");
    }
    for wrong in [
        "Bearer s3cret-tokem",
        "Bearer s3cret-toke",
        "Bearer s3cret-token2",
        "Bearer s3cret-token\0",
        "Bearer ",
        "Bearer",
        "Basic s3cret-token",
        "s3cret-token",
        "",
    ] {
        assert!(!token.authorizes(Some(wrong)), "{wrong:?}");
    }
    assert!(!token.authorizes(None));
}

#[test]
fn a_token_is_not_shown() {
    assert_eq!(format!("{:?}", Token::new("s3cret-token".to_owned())), "Token(…)");
}

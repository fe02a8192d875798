use super::*;

fn error(code: Option<&str>, kind: Option<&str>, message: &str) -> ErrorBody {
    ErrorBody {
        code: code.map(str::to_owned),
        kind: kind.map(str::to_owned),
        message: message.to_owned(),
        page: false,
    }
}

#[test]
fn every_shape_is_read() {
    let cases = [
        (r#"{"error":{"code":"1302","message":"busy"},"request_id":"x"}"#, error(Some("1302"), None, "busy")),
        (r#"{"error":{"code":1302,"message":"busy"}}"#, error(Some("1302"), None, "busy")),
        (
            r#"{"error":{"type":"rate_limit_reached_error","message":"slow"}}"#,
            error(None, Some("rate_limit_reached_error"), "slow"),
        ),
        (
            r#"[{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED"}}]"#,
            error(Some("429"), Some("RESOURCE_EXHAUSTED"), "q"),
        ),
        (r#"{"error":"model not found"}"#, error(None, None, "model not found")),
        (r#""just text""#, error(None, None, "just text")),
        (r#"{"detail":[{"loc":["body"]}]}"#, error(None, None, r#"[{"loc":["body"]}]"#)),
        (r#"{"object":"error","message":"m","code":400}"#, error(Some("400"), None, "m")),
        (r#"{"code":500,"msg":"404 NOT_FOUND","success":false}"#, error(Some("500"), None, "404 NOT_FOUND")),
        (
            "<html><style>b { color: red }</style><script>track()</script>Bad Gateway</html>",
            ErrorBody { page: true, ..error(None, None, "a page: Bad Gateway") },
        ),
        (
            r#"{"error":{"code":502,"message":"<html><style>b {}</style>Bad Gateway</html>"}}"#,
            error(Some("502"), None, "a page: Bad Gateway"),
        ),
        (r#"{"error":"<html>Bad Gateway</html>"}"#, error(None, None, "a page: Bad Gateway")),
        (
            r#"{"id":"x","choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#,
            error(Some("1008"), None, "insufficient balance"),
        ),
        ("", error(None, None, "")),
    ];
    for (text, expected) in cases {
        assert_eq!(ErrorBody::parse(text.as_bytes()), expected, "{text}");
    }
}

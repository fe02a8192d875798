use super::*;

fn cause(provider: &str, status: u16, body: &str) -> &'static str {
    classify(Dialect::named(provider), status, &ErrorBody::parse(body.as_bytes())).code()
}

#[test]
fn glm_is_told_apart_by_business_code() {
    for (code, expected) in [
        ("1113", "account_dead"),
        ("1302", "rate"),
        ("1305", "rate"),
        ("1308", "quota"),
        ("1315", "account_dead"),
        ("1301", "policy"),
        ("1261", "context_overflow"),
        ("1211", "model_gone"),
        ("1002", "auth_dead"),
        ("1210", "bad_request"),
        ("1234", "server"),
        ("434", "auth_dead"),
        ("435", "bad_request"),
        ("1399", "rate"),
        ("1400", "bad_request"),
        ("1499", "bad_request"),
        ("1500", "rate"),
        ("9999", "rate"),
    ] {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
        assert_eq!(cause("glm", 429, &body), expected, "{code}");
        let number = format!(r#"{{"error":{{"code":{code},"message":"m"}}}}"#);
        assert_eq!(cause("glm", 429, &number), expected, "{code}");
    }
    assert_eq!(cause("glm", 200, r#"{"error":{"code":"1302","message":"m"}}"#), "rate");
    assert_eq!(cause("glm", 200, r#"{"error":{"code":"1400","message":"m"}}"#), "bad_request");
    assert_eq!(cause("glm", 434, "{}"), "auth_dead");
    assert_eq!(cause("glm", 435, "{}"), "bad_request");
    // The business code beats every status; without one, the status speaks.
    for status in [200, 400, 401, 429, 500, 503] {
        assert_eq!(cause("glm", status, r#"{"error":{"code":"1305","message":"m"}}"#), "rate", "{status}");
    }
    for (status, expected) in
        [(400, "bad_request"), (401, "auth_dead"), (404, "model_gone"), (429, "rate"), (500, "server")]
    {
        for body in [r#"{"error":{"message":"m"}}"#, r#"{"error":{"code":"9999","message":"m"}}"#, "", "m"] {
            assert_eq!(cause("glm", status, body), expected, "{status} {body}");
        }
    }
    // The codes of GLM are nobody else's.
    assert_eq!(cause("any", 429, r#"{"error":{"code":"1113","message":"m"}}"#), "rate");
    assert_eq!(cause("any", 500, r#"{"error":{"code":"1400","message":"m"}}"#), "server");
}

#[test]
fn under_http_200_words_tell_what_no_code_does() {
    for (body, expected) in [
        (r#"{"error":{"type":"invalid_request_error","message":"m"}}"#, "bad_request"),
        (r#"{"error":{"code":"invalid_request_error","message":"m"}}"#, "bad_request"),
        (
            r#"{"error":{"type":"invalid_request_error","message":"Your request exceeded model token limit : 9"}}"#,
            "context_overflow",
        ),
        (r#"{"error":{"message":"the request exceeds the available context size"}}"#, "context_overflow"),
        (r#"{"error":"input is longer than the maximum context length"}"#, "context_overflow"),
        (r#"{"error":{"type":"odd_error","message":"m"}}"#, "server"),
        // A status of its own says more.
        (r#"{"error":{"code":402,"type":"invalid_request_error","message":"m"}}"#, "account_dead"),
        (r#"{"error":{"code":503,"message":"no worker with this context size"}}"#, "server"),
        (r#"{"error":{"code":0,"message":"m"}}"#, "server"),
        (r#"{"error":{"code":1113,"message":"m"}}"#, "server"),
    ] {
        assert_eq!(cause("any", 200, body), expected, "{body}");
    }
}

#[test]
fn kimi_is_told_apart_by_type() {
    for (status, kind, message, expected) in [
        (429, "engine_overloaded_error", "m", "rate"),
        (429, "rate_limit_reached_error", "m", "rate"),
        (429, "exceeded_current_quota_error", "m", "account_dead"),
        (400, "content_filter", "m", "policy"),
        (400, "invalid_request_error", "m", "bad_request"),
        (400, "invalid_request_error", "Your request exceeded model token limit : 8192", "context_overflow"),
        (400, "invalid_request_error", "Input token length too long", "context_overflow"),
        (401, "invalid_authentication_error", "m", "auth_dead"),
        (403, "permission_denied_error", "m", "account_dead"),
        (404, "resource_not_found_error", "m", "model_gone"),
        (500, "server_error", "m", "server"),
    ] {
        let body = format!(r#"{{"error":{{"type":"{kind}","message":"{message}"}}}}"#);
        assert_eq!(cause("kimi", status, &body), expected, "{kind}");
    }
}

#[test]
fn others_are_told_apart_by_code_type_or_status() {
    for (status, body, expected) in [
        (429, r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#, "account_dead"),
        (429, r#"{"error":{"code":"rate_limit_exceeded","message":"m"}}"#, "rate"),
        (401, r#"{"error":{"code":"invalid_request_error","type":"authentication_error"}}"#, "auth_dead"),
        (
            402,
            r#"{"error":{"code":"invalid_request_error","message":"Insufficient Balance"}}"#,
            "account_dead",
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","code":"context_length_exceeded"}}"#,
            "context_overflow",
        ),
        (400, r#"{"message":"This model's maximum context length is 4096 tokens"}"#, "context_overflow"),
        (404, r#"{"error":"model 'x' not found"}"#, "model_gone"),
        (422, r#"{"detail":[]}"#, "bad_request"),
        (502, "<html>Bad Gateway</html>", "server"),
        (404, "<html>Not Found</html>", "wrong_address"),
        (403, "<html>Attention required</html>", "page"),
        (403, "<html>Your request was flagged</html>", "page"),
        (403, r#"{"error":{"code":403,"message":"Key limit exceeded"}}"#, "account_dead"),
        (
            403,
            r#"{"error":{"code":403,"message":"x requires moderation. Your input was flagged"}}"#,
            "policy",
        ),
        (200, r#"{"error":{"code":403,"message":"Your input was flagged"}}"#, "policy"),
        (498, "", "rate"),
        (499, "", "server"),
        (408, "", "server"),
        (425, "", "server"),
        (413, "", "context_overflow"),
        (403, "", "account_dead"),
        (503, r#"{"error":{"message":"Loading model"}}"#, "server"),
        (405, "<html>Not Allowed</html>", "page"),
        (401, "<html>Unauthorized</html>", "auth_dead"),
        (429, "<html>Slow down</html>", "rate"),
        (529, "", "server"),
        (418, "", "bad_request"),
        (307, "", "wrong_address"),
        (204, "", "wrong_address"),
        (200, r#"{"error":{"code":502,"message":"m"}}"#, "server"),
        (200, r#"{"error":{"code":429,"message":"m"}}"#, "rate"),
        (200, r#"{"error":"odd"}"#, "server"),
    ] {
        assert_eq!(cause("any", status, body), expected, "{status} {body}");
    }
}

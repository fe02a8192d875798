use proptest::prelude::*;

use super::{base, may_hold_secret, origin, socket};

#[test]
fn addresses_to_dial() {
    let cases = [
        ("ws://example.org", Some("ws://example.org/")),
        ("WSS://Example.org:443/exai", Some("wss://example.org:443/exai")),
        ("ws://0.0.0.0:8079", Some("ws://127.0.0.1:8079/")),
        ("ws://[::]:8079/", Some("ws://[::1]:8079/")),
        ("ws://[fe80::1]", Some("ws://[fe80::1]/")),
        ("http://example.org", None),
        ("example.org:8079", None),
        ("ws://", None),
        ("ws://:8079", None),
        ("ws://example.org:0", None),
        ("ws://example.org:65536", None),
        ("ws://example.org:", None),
        ("ws://exa mple.org", None),
        ("ws://::1:8079", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(socket(text).ok().as_deref(), expected, "{text:?}");
    }
}

#[test]
fn bases() {
    let cases = [
        ("https://api.z.ai/api/paas/v4/", Some("https://api.z.ai/api/paas/v4")),
        ("http://127.0.0.1:11434/v1", Some("http://127.0.0.1:11434/v1")),
        ("https://api.openai.com", Some("https://api.openai.com")),
        ("https://api.openai.com/", Some("https://api.openai.com")),
        ("https://api.openai.com/v1/chat/completions", None),
        ("ftp://example.org", None),
    ];
    for (text, expected) in cases {
        assert_eq!(base(text).ok().as_deref(), expected, "{text:?}");
    }
}

#[test]
fn origins_are_exact() {
    let cases = [
        ("https://Example.org", Some("https://example.org")),
        ("http://localhost:3000", Some("http://localhost:3000")),
        ("https://example.org/", None),
        ("*", None),
        ("https://*.example.org", None),
    ];
    for (text, expected) in cases {
        assert_eq!(origin(text).ok().as_deref(), expected, "{text:?}");
    }
}

#[test]
fn an_address_with_a_secret_is_refused() {
    for text in ["ws://user:key@example.org", "wss://example.org/?token=key", "example.org#key"] {
        assert!(socket(text).is_err() && may_hold_secret(text), "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_was_taken_is_taken_again(text in "(ws|wss)://[a-z0-9.]{1,10}(:[0-9]{1,5})?(/[a-z/]{0,8})?") {
        if let Ok(url) = socket(&text) {
            prop_assert_eq!(socket(&url), Ok(url));
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in any::<String>()) {
        let _ = (socket(&text), base(&text), origin(&text));
    }
}

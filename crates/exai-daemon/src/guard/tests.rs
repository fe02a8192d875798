use axum::http::{HeaderMap, HeaderName, HeaderValue};
use exai_settings::Host;

use super::{Guard, Refusal};
use crate::token::Token;

fn guard(host: &str, token: Option<&str>) -> Guard {
    let origins = vec!["https://tools.example".to_owned()];
    Guard::new(&Host::parse(host).unwrap(), token.map(|token| Token::new(token.to_owned())), origins)
}

fn headers<const N: usize>(pairs: [(&'static str, &'static str); N]) -> HeaderMap {
    pairs
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .into_iter()
        .collect()
}

#[test]
fn pages_of_browsers_are_turned_away_unless_listed() {
    let guard = guard("127.0.0.1", Some("right"));
    let with = |origin| headers([("origin", origin), ("authorization", "Bearer right")]);
    for check in [Guard::check, Guard::check_session, Guard::check_page] {
        assert_eq!(check(&guard, &with("https://evil.example")), Err(Refusal::Origin));
        assert_eq!(check(&guard, &with("null")), Err(Refusal::Origin));
        assert_eq!(check(&guard, &with("https://tools.example")), Ok(()));
    }
}

#[test]
fn without_a_token_a_name_made_to_point_at_loopback_is_not_answered() {
    let guard = guard("localhost", None);
    for known in ["127.0.0.1:8079", "localhost:8079", "[::1]:8079", "localhost", "127.0.0.1"] {
        assert_eq!(guard.check(&headers([("host", known)])), Ok(()), "{known}");
    }
    for foreign in ["evil.example:8079", "evil.example", "10.0.0.1:8079"] {
        assert_eq!(guard.check(&headers([("host", foreign)])), Err(Refusal::HostName), "{foreign}");
        assert_eq!(guard.check_session(&headers([("host", foreign)])), Ok(()), "a shim may use any name");
    }
}

#[test]
fn beyond_loopback_any_name_will_do_and_the_token_decides() {
    let guard = guard("0.0.0.0", Some("right"));
    let host = ("host", "build-box.lan:8079");
    assert_eq!(guard.check(&headers([host])), Err(Refusal::Token));
    assert_eq!(guard.check(&headers([host, ("authorization", "Bearer wrong")])), Err(Refusal::Token));
    assert_eq!(guard.check(&headers([host, ("authorization", "Bearer right")])), Ok(()));
}

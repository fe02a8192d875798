use std::collections::BTreeSet;

use super::{RETIRED, Scope, find};
use crate::registry::OWN_PREFIXES;

#[test]
fn each_name_stands_once_and_says_what_to_do() {
    let mut seen = BTreeSet::new();
    for retired in RETIRED {
        assert!(
            retired.instead.starts_with("not used") && retired.instead.contains(';'),
            "{}",
            retired.instead
        );
        assert!(!retired.instead.contains("  "), "{}", retired.instead);
        for name in retired.names {
            assert!(seen.insert(name), "{name} stands twice");
        }
    }
}

#[test]
fn names_with_our_letters_are_spoken_of_anywhere() {
    for retired in RETIRED {
        let ours =
            retired.names.iter().any(|name| OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
        assert!(!ours || retired.scope == Scope::Anywhere, "{:?}", retired.names);
    }
}

#[test]
fn a_star_stands_for_the_rest() {
    assert!(find("MESSAGE_BUS_ENABLED").is_some());
    assert!(find("MESSAGE_BUSES").is_none());
    assert!(find("EXAI_WS_SKIP_HEALTH_CHECK").is_some());
    assert!(find("EXAI_WS_SKIP_HEALTH_CHECKS").is_none());
}

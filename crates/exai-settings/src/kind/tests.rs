use std::time::Duration;

use super::{Bad, Base, Choice, Kind, Relative, is_absolute};
use crate::sources::Platform;
use crate::url;

/// Keeps what is set as text.
type Kept = Vec<String>;

fn base() -> Base {
    Base { platform: Platform::Unix, home: Some("/home/u".into()), working_dir: None }
}

/// Reads a text, stores it, and gives what is shown.
fn read(kind: &Kind<Kept>, text: &str) -> Result<String, Vec<Bad>> {
    let reading = kind.read(text, &base())?;
    let mut kept = Kept::new();
    (reading.apply)(&mut kept);
    assert_eq!(kept.len(), 1, "{text:?} is stored once");
    Ok(reading.shown)
}

fn check(kind: &Kind<Kept>, cases: &[(&str, Option<&str>)]) {
    for (text, shown) in cases {
        match (read(kind, text), shown) {
            (Ok(got), Some(shown)) => {
                assert_eq!(got, *shown, "{text:?}");
                assert_eq!(read(kind, &got), Ok(got), "what is shown can be written");
            }
            (Err(faults), None) => assert!(faults.iter().all(|bad| bad.message.len() > 10), "{faults:?}"),
            (got, _) => panic!("{text:?} became {got:?}"),
        }
    }
}

#[test]
fn numbers() {
    let kind =
        Kind::Count { min: 1, max: 64, unit: "calls", set: |kept: &mut Kept, n| kept.push(n.to_string()) };
    check(
        &kind,
        &[("1", Some("1")), ("064", Some("64")), ("0", None), ("65", None), ("-1", None), ("1.0", None)],
    );
    let port = Kind::Port { set: |kept: &mut Kept, n| kept.push(n.to_string()) };
    check(&port, &[("0", Some("0")), ("65535", Some("65535")), ("65536", None), ("http", None)]);
}

#[test]
fn amounts() {
    let (min, max) = (10_000_000, 1_000_000_000_000);
    let kind = Kind::Amount { min, max, unit: "USD", set: |kept: &mut Kept, n| kept.push(n.to_string()) };
    check(&kind, &[("5", Some("5")), ("02.50", Some("2.5")), ("0.01", Some("0.01")), ("1000", Some("1000"))]);
    check(&kind, &[("0", None), ("0.001", None), ("1000.01", None), ("five", None), ("-1", None)]);
    assert_eq!(kind.allowed(), "an amount from 0.01 to 1000");
}

#[test]
fn durations() {
    let (min, max) = (Duration::from_secs(1), Duration::from_secs(60));
    let kind = Kind::Duration { min, max, set: |kept: &mut Kept, d| kept.push(format!("{d:?}")) };
    check(&kind, &[("1", Some("1s")), ("1m", Some("60s")), ("1500ms", Some("1500ms"))]);
    check(&kind, &[("0", None), ("off", None), ("999ms", None), ("61", None), ("soon", None)]);
    let kind = Kind::DurationOrOff { min, max, set: |kept: &mut Kept, d| kept.push(format!("{d:?}")) };
    check(&kind, &[("OFF", Some("off")), ("0", Some("off")), ("30", Some("30s")), ("0.5", None)]);
}

#[test]
fn choices() {
    let kind: Kind<Kept> = Kind::Choice(&[
        Choice { word: "auto", also: &["true"], set: |kept| kept.push("auto".into()) },
        Choice { word: "never", also: &["false", "0"], set: |kept| kept.push("never".into()) },
    ]);
    check(&kind, &[("Auto", Some("auto")), ("TRUE", Some("auto")), ("0", Some("never")), ("maybe", None)]);
}

#[test]
fn secrets_are_neither_shown_nor_quoted() {
    let kind = Kind::Secret { set: |kept: &mut Kept, secret| kept.push(secret.expose().into()) };
    assert_eq!(read(&kind, "sk-1.a~"), Ok("(set, not shown)".into()));
    for text in ["sk 1", "schlüssel", "a\u{7}b"] {
        let faults = read(&kind, text).unwrap_err();
        assert!(faults.iter().all(|bad| bad.found.is_none() && !bad.message.contains(text)), "{faults:?}");
    }
}

#[test]
fn hosts() {
    let kind = Kind::Host { set: |kept: &mut Kept, host| kept.push(host.to_string()) };
    let good = [
        ("LocalHost", "localhost"),
        ("[::1]", "::1"),
        ("10.0.0.1", "10.0.0.1"),
        ("exai-daemon", "exai-daemon"),
    ];
    check(&kind, &good.map(|(text, shown)| (text, Some(shown))));
    check(&kind, &["ws://localhost", "localhost:8079", "a b", "a/b", "999.1.1.1:1"].map(|text| (text, None)));
}

#[test]
fn words_and_lists() {
    let kind = Kind::Word { set: |kept: &mut Kept, word| kept.push(word) };
    check(
        &kind,
        &[("glm-5", Some("glm-5")), ("org/model:free", Some("org/model:free")), ("a b", None), ("a,b", None)],
    );
    let kind = Kind::Words {
        item: url::origin,
        what: "origins",
        set: |kept: &mut Kept, words| kept.push(words.join(" ")),
    };
    check(&kind, &[("https://a.org, http://b:1,,", Some("https://a.org,http://b:1"))]);
    let faults = read(&kind, "https://a.org,*,b.org").unwrap_err();
    let found: Vec<_> = faults.iter().map(|bad| bad.found.as_deref()).collect();
    assert_eq!(found, [Some("*"), Some("b.org")], "every bad one is named");
}

#[test]
fn paths() {
    let kind = |relative| Kind::Path {
        relative,
        set: |kept: &mut Kept, path| kept.push(path.display().to_string()),
    };
    let same = [("/a/b", Some("/a/b")), ("~", Some("/home/u")), ("~/x y", Some("/home/u/x y"))];
    check(&kind(Relative::Refused), &same);
    check(&kind(Relative::Refused), &[("a/b", None), ("./a", None), ("~other/a", None)]);
    check(&kind(Relative::BelowStateDir), &same);
    check(&kind(Relative::BelowStateDir), &[("logs/a.json", Some("logs/a.json"))]);
    check(&kind(Relative::BelowWorkingDir), &[("a", None)]);
    let by_hand = Base { working_dir: Some("/here".into()), ..base() };
    let reading = kind(Relative::BelowWorkingDir).read("a/.env", &by_hand).ok().unwrap();
    assert_eq!(reading.shown, "/here/a/.env");
    let homeless = Base { home: None, ..base() };
    assert!(kind(Relative::Refused).read("~/a", &homeless).is_err());
}

#[test]
fn lists_of_paths() {
    let kind = Kind::Paths { set: |kept: &mut Kept, paths| kept.push(format!("{paths:?}")) };
    check(&kind, &[("/a:~/b::", Some("/a:/home/u/b")), ("/a:b", None)]);
    let windows = Base { platform: Platform::Windows, ..base() };
    let reading = kind.read(r"C:\a;D:/b;\\server\c", &windows).ok().unwrap();
    assert_eq!(reading.shown, r"C:\a;D:/b;\\server\c");
}

#[test]
fn absolute_by_each_platforms_rules() {
    for (text, unix, windows) in [
        ("/a", true, false),
        (r"C:\a", false, true),
        ("c:/a", false, true),
        ("C:a", false, false),
        ("", false, false),
    ] {
        assert_eq!(is_absolute(text, Platform::Unix), unix, "{text:?}");
        assert_eq!(is_absolute(text, Platform::Windows), windows, "{text:?}");
    }
}

#[test]
fn providers() {
    let kind = Kind::Providers { set: |kept: &mut Kept, pairs| kept.push(format!("{pairs:?}")) };
    let two = "Local=http://127.0.0.1:11434/v1/, open_router = https://openrouter.ai/api/v1";
    check(&kind, &[(two, Some("local=http://127.0.0.1:11434/v1,open_router=https://openrouter.ai/api/v1"))]);
    let bad = [
        "local",
        "=http://a",
        "a-b=http://a",
        "1a=http://a",
        "a=ftp://a",
        "glm=http://a",
        "a=http://a,A=http://b",
    ];
    check(&kind, &bad.map(|text| (text, None)));
    let text = "a=https://user:key,more@a";
    assert!(read(&kind, text).is_err() && !kind.may_be_shown(text), "a key in an address is not shown");
}

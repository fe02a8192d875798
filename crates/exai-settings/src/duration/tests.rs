use std::time::Duration;

use proptest::prelude::*;

use super::{parse, write};

#[test]
fn spellings() {
    let cases = [
        ("30", Some(30_000)),
        ("30s", Some(30_000)),
        ("30 s", Some(30_000)),
        ("30S", Some(30_000)),
        ("5m", Some(300_000)),
        ("2h", Some(7_200_000)),
        ("500ms", Some(500)),
        ("0", Some(0)),
        ("1.5", Some(1_500)),
        ("8.0", Some(8_000)),
        ("0.25m", Some(15_000)),
        ("1.0005s", Some(1_000)),
        ("", None),
        ("s", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        (".5", None),
        ("5.", None),
        ("1.2.3", None),
        ("5 minutes", None),
        ("1m30s", None),
        ("0.1234567", None),
        ("99999999999999999999", None),
        ("18446744073709551615h", None),
    ];
    for (text, millis) in cases {
        assert_eq!(parse(text), millis.map(Duration::from_millis), "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(millis in 0..u64::from(u32::MAX)) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(parse(&write(duration)), Some(duration));
    }

    #[test]
    fn nothing_makes_it_panic(text in any::<String>()) {
        let _ = parse(&text);
    }
}

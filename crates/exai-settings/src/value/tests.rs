use proptest::prelude::*;

use super::{Malformed, clean};

#[test]
fn quotes_comments_and_blanks() {
    let cases = [
        ("abc", "abc"),
        ("  abc\t", "abc"),
        ("", ""),
        ("   ", ""),
        ("abc # note", "abc"),
        ("abc\t# note", "abc"),
        ("abc#def", "abc#def"),
        ("abc #", "abc"),
        ("#abc", "#abc"),
        ("# abc", ""),
        ("#", ""),
        (" #abc", ""),
        ("a b c", "a b c"),
        ("it's", "it's"),
        ("'abc'", "abc"),
        ("'abc' # note", "abc"),
        ("' abc # no note '", " abc # no note "),
        (r"'a\'", r"a\"),
        (r#""abc""#, "abc"),
        (r#""abc" # it's"#, "abc"),
        (r#""a # b""#, "a # b"),
        (r#""a\"b\\c""#, r#"a"b\c"#),
        (r#""C:\new\table""#, r"C:\new\table"),
        (r#""""#, ""),
        ("''", ""),
        (r#""grüße ✓""#, "grüße ✓"),
    ];
    for (raw, value) in cases {
        assert_eq!(clean(raw), Ok(value.to_owned()), "{raw:?}");
    }
}

#[test]
fn malformed() {
    let cases = [
        ("\"abc", Malformed::OpenQuote),
        ("'abc", Malformed::OpenQuote),
        (r#""abc\""#, Malformed::OpenQuote),
        ("'", Malformed::OpenQuote),
        ("'a' b", Malformed::TextAfterQuote),
        ("\"a\"b", Malformed::TextAfterQuote),
        ("\"a\"#b", Malformed::TextAfterQuote),
        ("'a''b'", Malformed::TextAfterQuote),
    ];
    for (raw, why) in cases {
        assert_eq!(clean(raw), Err(why), "{raw:?}");
    }
}

proptest! {
    #[test]
    fn what_is_quoted_comes_back(value in "\\PC*") {
        let quoted = format!("\"{}\" # note", value.replace('\\', "\\\\").replace('"', "\\\""));
        prop_assert_eq!(clean(&quoted), Ok(value));
    }

    #[test]
    fn a_clean_unquoted_value_stays_as_it_is(value in "[^\\s#'\"][^\\s'\"]*") {
        prop_assert_eq!(clean(&value), Ok(value));
    }

    #[test]
    fn nothing_makes_it_panic(raw in any::<String>()) {
        let _ = clean(&raw);
    }
}

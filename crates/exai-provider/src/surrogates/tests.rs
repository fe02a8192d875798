use super::*;

fn mend(json: &str) -> Option<String> {
    mended(json.as_bytes()).map(|text| String::from_utf8(text).unwrap())
}

#[test]
fn halves_that_stand_alone_are_replaced() {
    for (json, expected) in [
        (r#""\ud83d""#, r#""\ufffd""#),
        (r#""\uDE00 b""#, r#""\ufffd b""#),
        (r#""a\ud83d\ud83d\ude00\ude00b""#, r#""a\ufffd\ud83d\ude00\ufffdb""#),
        (r#""\ud83d\n""#, r#""\ufffd\n""#),
    ] {
        let mended = mend(json).unwrap();
        assert_eq!(mended, expected);
        assert!(serde_json::from_str::<String>(&mended).is_ok());
    }
}

#[test]
fn all_else_stays_as_it_is() {
    for json in
        [r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\u00e4""#, r#""\u""#, r#""\ud8"#, r#""\u+d83""#, "\\", ""]
    {
        assert_eq!(mend(json), None, "{json}");
    }
}

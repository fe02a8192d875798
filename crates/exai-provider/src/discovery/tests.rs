use proptest::prelude::*;

use super::*;
use crate::config::ProviderConfig;
use crate::key::Key;
use crate::model::ID_BYTES_MAX;

fn ids(text: &str) -> Result<Vec<String>, NoList> {
    let list = parse(text.as_bytes(), &Redactor::default())?;
    Ok(list.into_iter().map(|one| one.id).collect())
}

#[test]
fn lists_of_several_makes_are_read() {
    let kimi = r#"{"data":[{"id":"k","created":1,"owned_by":"moonshot","context_length":262144,
        "supports_image_in":true,"supports_video_in":false,"supports_reasoning":true}]}"#;
    let found = parse(kimi.as_bytes(), &Redactor::default()).unwrap();
    let expected = Found { id: "k".to_owned(), context: 262_144, takes_images: true, thinks: true };
    assert_eq!(found, [expected]);
    for text in [
        r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b/c:7b"}]}"#,
        r#"[{"id":"a"},{"id":"b/c:7b"}]"#,
        r#"{"data":[{"id":"a"},{"id":"A"},{"id":"a"},5,null,{},{"id":7},{"id":""},{"id":"no words"},{"id":"b/c:7b"}]}"#,
        r#"{"data":[{"id":"a"},{"id":"x\u0000"},{"id":"x\ny"},{"id":"\u001b[31mx"},{"id":"\u202ex"},{"id":"ü"},{"id":["a"]},{"id":"b/c:7b"}]}"#,
    ] {
        assert_eq!(ids(text).unwrap(), ["a", "b/c:7b"], "{text}");
    }
    assert_eq!(ids(r#"{"data":[]}"#).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_no_list_is_refused() {
    for text in [
        "",
        "null",
        "{}",
        "7",
        "<html></html>",
        r#"{"data":null}"#,
        r#"{"error":{"code":"401"}}"#,
        "{\"data\":[",
        &"[".repeat(100_000),
        &r#"{"data":"#.repeat(100_000),
    ] {
        assert_eq!(ids(text), Err(NoList), "{text}");
    }
}

#[test]
fn odd_contexts_are_not_known() {
    for context in ["-1", "1.5", "\"8k\"", "null", "4294967296", "[]"] {
        let text = format!(r#"[{{"id":"a","context_length":{context}}}]"#);
        assert_eq!(parse(text.as_bytes(), &Redactor::default()).unwrap()[0].context, 0, "{context}");
    }
    let text = br#"[{"id":"a","context_length":null,"max_model_len":9}]"#;
    assert_eq!(parse(text, &Redactor::default()).unwrap()[0].context, 9);
}

#[test]
fn the_number_and_the_length_of_ids_are_bounded() {
    let many: Vec<String> = (0..=FOUND_MAX).map(|n| format!(r#"{{"id":"m{n}"}}"#)).collect();
    assert_eq!(ids(&format!("[{}]", many.join(","))).unwrap().len(), FOUND_MAX);
    let longest = "x".repeat(ID_BYTES_MAX);
    assert_eq!(ids(&format!(r#"[{{"id":"{longest}"}},{{"id":"{longest}x"}}]"#)).unwrap(), [longest]);
}

#[test]
fn an_id_that_gives_away_a_key_is_passed_over() {
    let config =
        ProviderConfig { key: Key::new("sk-abcdefghijk").ok(), ..ProviderConfig::new("p", "http://h") };
    let text = br#"[{"id":"your-key-is-abcdefgh"},{"id":"a"}]"#;
    let found = parse(text, &Redactor::new(&[config], std::iter::empty())).unwrap();
    assert_eq!(found.len(), 1);
}

proptest! {
    #[test]
    fn any_bytes_at_all_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, &Redactor::default());
    }
}

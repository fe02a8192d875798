use super::*;
use crate::key::Key;

fn redactor(keys: &[&str]) -> Redactor {
    let providers: Vec<ProviderConfig> = keys
        .iter()
        .map(|key| ProviderConfig { key: Key::new(key).ok(), ..ProviderConfig::new("glm", "http://h") })
        .collect();
    Redactor::new(&providers, ["kimi-k3.1-pro", "kimi"].into_iter())
}

/// Keys begin with the name of their vendor, and a key that somebody made up may go on like its models.
#[test]
fn the_name_of_a_model_is_no_part_of_a_key() {
    for key in ["sk-kimi-k9CdEf0123456789ZZ", "my-kimi-k3.1-key"] {
        let redactor = redactor(&[key]);
        assert_eq!(redactor.name("kimi-k3.1-pro"), "kimi-k3.1-pro", "{key}");
        assert_eq!(redactor.clean(&format!("key {key} given")), "key [key] given");
        assert_eq!(redactor.clean(&format!("key {} given", key.split_at(8).1)), "key [key] given");
    }
}

#[test]
fn a_key_is_struck_out_whole_and_in_part() {
    let redactor = redactor(&["0123456789abcdef.Secret_Half-1", "sk-kimi-ABCDEFGH"]);
    for text in [
        "bad key 0123456789abcdef.Secret_Half-1 given",
        "bad key \"Secret_Half-1\" given",
        "bad key 012345****lf-1 given",
        "bad key 0123***f-1 given",
        "bad key Bearer:sk-kimi-ABCDEFGH, given",
    ] {
        let clean = redactor.clean(text);
        assert_eq!(clean, "bad key [key] given", "{text}");
    }
}

#[test]
fn other_text_stays() {
    assert_eq!(
        redactor(&["0123456789abcdef.Secret"]).clean("no *** such\n\tmodel\u{7}"),
        "no *** such model"
    );
    assert_eq!(redactor(&[]).clean("a b"), "a b");
}

#[test]
fn text_is_cut() {
    let clean = redactor(&[]).clean(&"é".repeat(10_000));
    assert_eq!(clean.chars().count(), TEXT_CHARS_MAX);
}

#[test]
fn what_is_not_seen_hides_no_key() {
    let redactor = redactor(&["0123456789abcdef"]);
    for joint in ['\0', '\u{7f}', '\u{ad}', '\u{200b}', '\u{200f}', '\u{202e}', '\u{2060}', '\u{feff}'] {
        let joined: String = "0123456789abcdef".chars().flat_map(|char| [char, joint]).collect();
        assert_eq!(redactor.clean(&format!("bad {joined} key")), "bad [key] key", "{joint:?}");
    }
}

#[test]
fn names_are_short() {
    let redactor = redactor(&["0123456789abcdef"]);
    assert_eq!(redactor.name("glm 0123456789abcdef"), "glm [key]");
    assert_eq!(redactor.name(&"é".repeat(10_000)).chars().count(), NAME_CHARS_MAX);
}

#[test]
fn a_word_that_stands_for_no_key_strikes_nothing_out() {
    let redactor = redactor(&["EMPTY", "k", "1234567"]);
    assert_eq!(redactor.clean("look, an EMPTY list of 1234567"), "look, an EMPTY list of 1234567");
    assert_eq!(redactor.name("kimi-k3"), "kimi-k3");
}

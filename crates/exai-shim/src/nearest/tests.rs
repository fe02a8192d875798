use super::*;

#[test]
fn slips_find_their_word_and_other_words_find_none() {
    let known = ["chat", "listmodels", "status", "version"];
    for (word, expected) in [
        ("chta", Some("chat")),
        ("caht", Some("chat")),
        ("list_models", Some("listmodels")),
        ("Version", Some("version")),
        ("stat", Some("status")),
        ("status", Some("status")),
        ("deploy_to_production", None),
        ("", None),
    ] {
        assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
    }
}

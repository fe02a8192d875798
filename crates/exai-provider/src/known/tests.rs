use super::*;
use crate::redact::Redactor;

fn list(text: &str) -> Vec<Found> {
    crate::discovery::parse(text.as_bytes(), &Redactor::default()).unwrap()
}

#[test]
fn what_is_written_beats_what_is_found() {
    let file = "[[model]]\nid = \"a\"\nprovider = \"p\"\naliases = [\"b\"]\ncontext = 7\n";
    let known = Known::new(Catalogue::default().merge("f", file).unwrap());
    let before = known.now();
    assert!(known.take("p", list(r#"[{"id":"B","context_length":9},{"id":"c"}]"#)).is_none());
    assert!(known.take("q", list(r#"[{"id":"b"},{"id":"a"}]"#)).is_none());
    let now = known.now();
    let found: Vec<(&str, &str)> =
        now.found().iter().map(|model| (model.provider.as_str(), model.id.as_str())).collect();
    assert_eq!(found, [("p", "c"), ("q", "b"), ("q", "a")]);
    assert_eq!((now.find("a").unwrap().context, now.find("b").unwrap().id.as_str()), (7, "a"));
    assert_eq!(now.at("q", "a").unwrap().context, 0);
    assert!(now.first_of("q").is_none(), "what is found answers for nobody");
    assert_eq!(before.found().len(), 0, "who looked before keeps what he saw");
}

#[test]
fn a_newer_list_takes_the_place_of_the_one_before() {
    let known = Known::new(Catalogue::default());
    known.take("p", list(r#"[{"id":"a"},{"id":"b"}]"#));
    let before = known.take("p", list(r#"[{"id":"c"}]"#)).unwrap();
    assert_eq!(before.len(), 2);
    assert_eq!(known.now().found().len(), 1);
}

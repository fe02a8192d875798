use super::*;

#[test]
fn sentences_hold_what_is_known_and_no_more() {
    let text = "[[model]]\nid = \"a\"\nprovider = \"p\"\nstatus = \"retired\"\n[[model]]\nid = \"b\"\nprovider = \"p\"\n\
                status = \"deprecated\"\n[[model]]\nid = \"c\"\nprovider = \"p\"\n";
    let catalogue = Catalogue::default().merge("f", text).unwrap();
    let model = |id| catalogue.find(id).unwrap();
    assert_eq!(retired(model("a")), "a was retired; `listmodels` shows others");
    assert_eq!(note(model("b")).as_deref(), Some("b is deprecated."));
    assert_eq!((note(model("a")), note(model("c"))), (None, None));
}

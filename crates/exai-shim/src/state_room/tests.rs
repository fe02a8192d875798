use super::*;

#[test]
fn where_one_can_write_nothing_is_wrong_and_nothing_is_left() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("exai");
    assert_eq!(what_is_wrong(&dir), None);
    let left: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["logs"]);
}

#[test]
fn a_file_in_its_place_is_named_and_lasts() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("exai");
    std::fs::write(&dir, "not a directory").unwrap();
    let wrong = what_is_wrong(&dir).unwrap();
    assert!(wrong.lasts && wrong.why.contains(dir.to_str().unwrap()), "{wrong:?}");
    assert!(wrong.why.contains("EXAI_STATE_DIR"), "{wrong:?}");
}

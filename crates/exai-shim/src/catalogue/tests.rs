#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

fn tools(name: &str) -> Tools {
    let json = format!(r#"[{{"name":"{name}","inputSchema":{{"type":"object"}}}}]"#);
    Tools::new(RawValue::from_string(json).unwrap(), format!("hash of {name}"))
}

fn loaded(dir: &Path, release: &str) -> Option<String> {
    Some(load(dir, release)?.names().collect())
}

#[test]
fn what_was_stored_is_shown_by_the_next_shim_of_the_release() {
    let state = tempfile::tempdir().unwrap();
    store(&state.path().join("new"), "1.0.0", &tools("told")).unwrap();
    let dir = state.path().join("new");
    assert_eq!(loaded(&dir, "1.0.0"), Some("told".to_owned()));
    assert_eq!(loaded(&dir, "1.1.0"), None);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn every_corruption_is_ignored() {
    let state = tempfile::tempdir().unwrap();
    store(state.path(), "1.0.0", &tools("told")).unwrap();
    let path = path(state.path());
    let good = std::fs::read_to_string(&path).unwrap();
    for bad in ["", "{}", "\u{0}", &good.replace("told\",", "t0ld\","), good.trim_end_matches('}')] {
        std::fs::write(&path, bad).unwrap();
        assert_eq!(loaded(state.path(), "1.0.0"), None, "{bad}");
    }
    std::fs::write(&path, good).unwrap();
    assert!(loaded(state.path(), "1.0.0").is_some());
}

#[test]
fn what_costs_nothing_is_told_by_the_list_itself() {
    let json = r#"[{"name":"status","annotations":{"readOnlyHint":true}},{"name":"chat","annotations":{"title":"Chat"}}]"#;
    let tools = Tools::new(RawValue::from_string(json.to_owned()).unwrap(), String::new());
    let costs = ["status", "chat", "unlisted"].map(|name| tools.cost(name));
    assert_eq!(costs, [Cost::Free, Cost::Metered, Cost::Metered]);
}

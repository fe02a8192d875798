use std::collections::BTreeMap;

use super::render;
use crate::load::tests::World;
use crate::problem::Origin;

#[test]
fn each_setting_tells_its_value_and_where_it_comes_from() {
    let loaded = World::default()
        .env("EXAI_HOLD", "2m")
        .env("MOONSHOT_API_KEY", "sk-1")
        .file("\nDEFAULT_MODEL=glm-5\n")
        .load();
    let row = |name: &str| loaded.explain().iter().find(|row| row.name == name).unwrap();
    let told = |name: &str| (row(name).shown(), row(name).whence(), row(name).unit);
    assert_eq!(told("EXAI_HOLD"), ("120s", "environment".into(), "seconds"));
    assert_eq!(told("EXAI_CALL_TIMEOUT"), ("1200s", "default".into(), "seconds"));
    assert_eq!(told("KIMI_API_KEY"), ("(set, not shown)", "environment as MOONSHOT_API_KEY".into(), ""));
    assert_eq!(told("GLM_API_KEY"), ("not set", "default".into(), ""));
    assert_eq!(
        told("EXAI_DEFAULT_MODEL"),
        ("glm-5", "/home/u/.config/exai/.env:2 as DEFAULT_MODEL".into(), "")
    );
    assert_eq!(row("EXAI_STATE_DIR").shown(), "/home/u/.local/state/exai");
    assert_eq!(row("EXAI_STATE_DIR").origin, Origin::Default);
}

#[test]
fn the_text_has_a_line_for_each_setting_and_one_where_the_daemon_differs() {
    let loaded = World::default().env("EXAI_WS_TOKEN", "hush").load();
    let plain = render(loaded.explain(), None);
    for row in loaded.explain() {
        assert!(plain.contains(&row.name), "{}", row.name);
    }
    assert!(!plain.contains("hush"), "{plain}");

    let mut daemon = loaded.daemon_snapshot("salt");
    assert_eq!(render(loaded.explain(), Some(&daemon)), plain, "nothing differs");
    daemon.insert("EXAI_QUEUE_MAX".into(), "7".into());
    daemon.insert("LOCAL_BASE_URL".into(), "http://[::1]/v1".into());
    let text = render(loaded.explain(), Some(&daemon));
    let added: Vec<_> = text.lines().filter(|line| !plain.contains(line)).map(str::trim).collect();
    let words: Vec<Vec<_>> = added.iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["7", "in", "the", "running", "daemon"]);
    assert_eq!(words[1].join(" "), "Only in the running daemon");
    assert_eq!(words[2], ["LOCAL_BASE_URL", "http://[::1]/v1"]);
}

#[test]
fn the_snapshot_holds_what_the_daemon_reads_and_no_secret() {
    let loaded = World::default().env("EXAI_WS_TOKEN", "hush").env("GLM_API_KEY", "hush").load();
    let snapshot = loaded.daemon_snapshot("salt");
    assert_eq!(snapshot.get("EXAI_DRAIN_GRACE").map(String::as_str), Some("8s"));
    assert_eq!(snapshot.get("GLM_STREAM_TIMEOUT").map(String::as_str), Some("300s"));
    assert!(!snapshot.contains_key("EXAI_HOLD"));
    let hushed = |map: &BTreeMap<String, String>| map.values().all(|value| !value.contains("hush"));
    assert!(hushed(&snapshot));
}

#[test]
fn another_secret_is_told_apart_by_a_mark_that_changes_with_each_start() {
    let with = |key: &str| World::default().env("GLM_API_KEY", key).load();
    let (ours, theirs) = (with("hush"), with("another"));
    let plain = render(ours.explain(), None);
    assert_eq!(render(ours.explain(), Some(&ours.daemon_snapshot("one"))), plain, "the same");
    let text = render(ours.explain(), Some(&theirs.daemon_snapshot("one")));
    assert!(text.contains("(another one is set, not shown)  in the running daemon"), "{text}");
    let text = render(World::default().load().explain(), Some(&theirs.daemon_snapshot("one")));
    assert!(text.contains("(set, not shown)  in the running daemon"), "{text}");
    let mark = |salt: &str| ours.daemon_snapshot(salt)["GLM_API_KEY"].rsplit(':').next().unwrap().to_owned();
    assert_ne!(mark("one"), mark("two"));
    assert_eq!(mark("one").len(), 8);
}

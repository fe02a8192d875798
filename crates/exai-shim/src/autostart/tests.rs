#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A program that writes `endpoint.json`, notes that it ran, and ends with `code`.
///
/// Another process writes it: a child that a neighbour's thread forks at this moment would inherit the open file, and a file
/// that somebody may write to can't be executed.
pub(crate) fn program(dir: &Path, name: &str, script: &str) -> PathBuf {
    let path = dir.join(name);
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#;
    let written = Command::new("sh").args(["-c", write, "sh", script]).arg(&path).status().unwrap();
    assert!(written.success());
    path
}

fn await_child(autostart: &mut Autostart) {
    if let Some(child) = &mut autostart.child {
        child.wait().unwrap();
    }
}

#[test]
fn a_daemon_is_started_once_and_found_by_its_address() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().to_str().unwrap();
    let script = format!(
        "echo \"$@\" >> {dir}/ran; echo '{{\"url\":\"ws://127.0.0.1:1/\",\"epoch\":2}}' > {dir}/endpoint.json; exit 0"
    );
    let exe = program(state.path(), "exai", &script);
    let mut autostart = Autostart::new(exe, &["--local"], Some(state.path().to_owned()));
    autostart.need(SECOND);
    autostart.need(SECOND);
    await_child(&mut autostart);
    assert_eq!(autostart.look(SECOND + LOOK), Look::Listening);
    assert_eq!(autostart.look(SECOND + 2 * LOOK), Look::Same);
    assert_eq!(std::fs::read_to_string(state.path().join("ran")).unwrap(), "daemon --local\n");
    autostart.found();
    assert_eq!(autostart.poll_timeout(), None);
}

#[test]
fn a_daemon_that_dies_is_told_of_and_started_again_after_a_pause() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().to_str().unwrap();
    let exe = program(state.path(), "exai", &format!("echo ran >> {dir}/ran; exit 3"));
    let runs = || std::fs::read_to_string(state.path().join("ran")).unwrap_or_default().lines().count();
    let mut autostart = Autostart::new(exe, &["--local"], Some(state.path().to_owned()));
    autostart.need(SECOND);
    await_child(&mut autostart);
    autostart.look(SECOND + LOOK);
    assert!(autostart.last_error().unwrap().contains("exit status: 3"), "{:?}", autostart.last_error());
    assert_eq!(runs(), 1);
    autostart.look(SECOND + PAUSE_MIN);
    await_child(&mut autostart);
    assert_eq!(runs(), 2);
    autostart.look(SECOND + 2 * PAUSE_MIN);
    assert!(autostart.child.is_none(), "the pause doubles");
}

#[test]
fn a_second_daemon_that_stands_back_is_no_error_and_a_missing_program_is_one() {
    let state = tempfile::tempdir().unwrap();
    let exe = program(state.path(), "exai", "exit 75");
    let mut autostart = Autostart::new(exe, &["--local"], Some(state.path().to_owned()));
    autostart.need(SECOND);
    await_child(&mut autostart);
    autostart.look(SECOND + LOOK);
    assert_eq!(autostart.last_error(), None);

    let mut autostart = Autostart::new(state.path().join("missing"), &[], None);
    autostart.need(SECOND);
    assert!(autostart.last_error().unwrap().contains("missing failed"), "{:?}", autostart.last_error());
}

#[test]
fn a_daemon_whose_settings_are_wrong_is_told_with_its_words_and_the_next_start_has_no_pause() {
    let state = tempfile::tempdir().unwrap();
    let exe = program(state.path(), "exai", "echo 'error: X is wrong' >&2; exit 78");
    let mut autostart = Autostart::new(exe, &["--local"], Some(state.path().to_owned()));
    for _ in 0..2 {
        autostart.need(SECOND);
        await_child(&mut autostart);
        autostart.reap(SECOND);
        let words = autostart.take_unusable().unwrap();
        assert!(words.ends_with(": error: X is wrong"), "{words}");
        assert_eq!(autostart.take_unusable(), None);
    }
}

#[test]
fn beside_a_daemon_that_has_the_state_directory_none_is_started_until_it_lets_go() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().to_str().unwrap();
    let exe = program(state.path(), "exai", &format!("echo ran >> {dir}/ran; exit 0"));
    let lock = File::create(state.path().join(exai_wire::LOCK_FILE)).unwrap();
    lock.lock().unwrap();
    let mut autostart = Autostart::new(exe, &["--local"], Some(state.path().to_owned()));
    autostart.need(SECOND);
    let mut now = SECOND;
    while now < 60 * SECOND {
        now += LOOK_SLOW;
        autostart.look(now);
        assert!(autostart.child.is_none());
    }
    drop(lock);
    autostart.look(now + HELD_PAUSE_MAX);
    await_child(&mut autostart);
    assert_eq!(std::fs::read_to_string(state.path().join("ran")).unwrap(), "ran\n");
}

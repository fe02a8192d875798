//! A disk that hangs: here a pipe that nobody writes into.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::world::{Daemon, Host, TOKEN, options};

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn ping(host: &mut Host, id: u32) {
    host.say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#));
    assert_eq!(host.hear()["id"], id);
}

#[test]
fn an_address_that_can_not_be_read_silences_nothing_and_is_told() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("endpoint.json");
    pipe(&file);
    let mut options = options(None, Some(state.path()));
    options.exe = Some("/nonexistent/exai".into());
    options.loaded.settings.connection.autostart = exai_settings::Autostart::Auto;
    options.loaded.settings.calls.hold = Duration::from_millis(1500);
    let mut host = Host::start(options);
    host.call(1, "chat", "{}");
    ping(&mut host, 2);
    let (text, is_error) = host.told(1);
    assert!(is_error && text.contains("endpoint.json") && text.contains("disk does not answer"), "{text}");
    ping(&mut host, 3);
    host.end();
}

#[test]
fn a_disk_that_comes_back_is_read_anew() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("endpoint.json");
    pipe(&file);
    let mut host = Host::start(options(None, Some(state.path())));
    host.call(1, "chat", "{}");
    ping(&mut host, 2);
    let daemon = Daemon::listen();
    let good = format!(r#"{{"url":"{}","token":"{TOKEN}"}}"#, daemon.url());
    // The read that hangs gets nothing of use; the next one finds a file.
    std::fs::write(state.path().join("new"), good).unwrap();
    let hung = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    std::fs::rename(state.path().join("new"), &file).unwrap();
    drop(hung);
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    conn.result(call_id, "back");
    assert_eq!(host.told(1).0, "back");
    host.end();
}

#[test]
fn kept_tools_that_can_not_be_read_delay_the_first_answer_by_a_moment_and_no_more() {
    let state = tempfile::tempdir().unwrap();
    pipe(&state.path().join("catalogue.json"));
    let mut host = Host::start(options(Some("ws://127.0.0.1:9/"), Some(state.path())));
    host.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(host.hear()["result"]["tools"][0]["name"], "chat");
    host.end();
}

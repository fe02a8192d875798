//! When the shim ends, and when it does not.

use std::time::{Duration, Instant};

use super::world::{Daemon, Host, nowhere, options};

/// The promise is 100 ms; a test on a loaded machine asserts that nothing waits for a timer of seconds.
const SOON: Duration = Duration::from_millis(900);

#[test]
fn the_end_of_input_ends_it_also_while_a_call_is_held() {
    let nowhere = nowhere();
    let mut host = Host::start(options(Some(&nowhere), None));
    host.call(1, "chat", "{}");
    host.say(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(host.hear()["id"], 2);
    let began = Instant::now();
    host.end();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[test]
fn it_ends_also_while_a_daemon_accepts_and_says_nothing() {
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    let silent = daemon.accept_raw();
    let began = Instant::now();
    host.end();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    drop(silent);
}

#[test]
fn it_ends_although_nobody_reads_what_it_says() {
    let daemon = Daemon::listen();
    let (mut host, stdout) = Host::start_unread(options(Some(&daemon.url()), None));
    host.call(1, "chat", "{}");
    let mut conn = daemon.welcome();
    let (call_id, _) = conn.call();
    conn.result(call_id, &"x".repeat(1 << 20));
    host.close_stdin();
    assert_eq!(host.code(), 0);
    drop(stdout);
}

#[test]
fn a_closed_stdout_ends_it() {
    let nowhere = nowhere();
    let (mut host, stdout) = Host::start_unread(options(Some(&nowhere), None));
    drop(stdout);
    host.say(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(host.code(), 0);
}

#[test]
fn the_last_line_needs_no_line_feed() {
    let nowhere = nowhere();
    let mut host = Host::start(options(Some(&nowhere), None));
    host.say_unended(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    host.close_stdin();
    assert_eq!(host.hear()["id"], 2);
    host.end();
}

#[test]
fn an_outage_ends_it_only_if_that_is_asked_for_and_open_calls_are_answered_first() {
    let nowhere = nowhere();
    let mut options = options(Some(&nowhere), None);
    options.loaded.settings.shim.exit_after = Some(Duration::from_millis(300));
    let mut host = Host::start(options);
    host.call(1, "chat", "{}");
    let (text, is_error) = host.told(1);
    assert!(
        is_error && text.contains("EXAI_SHIM_EXIT_AFTER") && text.contains("asking again is safe"),
        "{text}"
    );
    assert_eq!(host.code(), 75);
}

#[cfg(unix)]
#[test]
fn it_ends_with_its_input_although_so_much_is_unread_that_it_reads_no_more() {
    let nowhere = nowhere();
    let mut options = options(Some(&nowhere), None);
    let description = "x".repeat(40 << 10);
    options.catalogue.tools = super::world::raw(format!(
        r#"[{{"name":"chat","description":"{description}","inputSchema":{{"type":"object"}}}}]"#
    ));
    let (mut host, stdout) = Host::start_watched(options);
    // The answers to all of these are 80 MiB, 64 are taken in; and those that are left unread then, 400 at most, fit into
    // the pipe however small the pieces were in which the others were read: the writer never waits.
    for id in 0..2000 {
        host.say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list","params":{{}}}}"#));
    }
    host.close_stdin();
    assert_eq!(host.code(), 0);
    drop(stdout);
}

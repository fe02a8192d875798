//! What a daemon does about its files while it lives.

use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::world::{Daemon, HANG, options, read_endpoint};

fn until(what: &str, happened: impl Fn() -> bool) {
    let since = Instant::now();
    while !happened() {
        assert!(since.elapsed() < HANG, "{what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn is_told(daemon: &Daemon) -> bool {
    read_endpoint(daemon.dir.path()).is_ok_and(|found| found == daemon.endpoint)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_endpoint_that_was_removed_or_changed_comes_back() {
    let daemon = Daemon::start();
    let path = daemon.dir.path().join("endpoint.json");
    let mut other = daemon.endpoint.clone();
    other.token = Some("wrong".to_owned());
    for text in [None, Some("garbage".to_owned()), Some(serde_json::to_string(&other).unwrap())] {
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        until("endpoint.json is not repaired", || is_told(&daemon));
    }
    #[cfg(unix)]
    assert_eq!(mode(&path), 0o600);
    let (code, dir) = daemon.stop();
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(read_endpoint(dir.path()).is_err(), "endpoint.json is gone");
}

#[test]
fn a_state_directory_that_was_deleted_is_made_anew_and_held() {
    let daemon = Daemon::start();
    let dir = daemon.dir.path();
    // The daemon may be writing into it.
    until("it can't be deleted", || fs::remove_dir_all(dir).is_ok());
    until("endpoint.json is not there", || is_told(&daemon));
    until("the health file is not there", || dir.join("logs/ws_daemon.health.json").exists());
    #[cfg(unix)]
    assert_eq!(mode(dir), 0o700);
    assert_eq!(exai_daemon::run(options(&daemon.dir)), ExitCode::from(75));
    assert_eq!(daemon.stop().0, ExitCode::SUCCESS);
}

#[test]
fn who_lost_the_lock_to_another_daemon_steps_back() {
    let daemon = Daemon::start();
    let dir = daemon.dir.path();
    let theirs = File::create(dir.join("new.lock")).unwrap();
    theirs.try_lock().unwrap();
    fs::rename(dir.join("new.lock"), dir.join("daemon.lock")).unwrap();
    let (code, dir) = daemon.end();
    assert_eq!(code, ExitCode::from(75));
    assert!(read_endpoint(dir.path()).is_err(), "endpoint.json is left to the other");
}

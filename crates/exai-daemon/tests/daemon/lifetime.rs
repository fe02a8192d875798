//! Starts and ends.

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use exai_daemon::Mode;
use exai_settings::{Address, Host};
use exai_wire::DaemonFrame;

use crate::world::{Daemon, HANG, health, options, read_endpoint};

#[test]
fn an_asked_for_end_is_orderly() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    let (code, dir) = daemon.stop();
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(matches!(shim.next(), DaemonFrame::Goaway(goaway) if goaway.reason == "asked to stop"));
    assert_eq!(shim.close_code(), 1012);
    assert!(read_endpoint(dir.path()).is_err(), "endpoint.json is gone");
    assert_eq!(health(&dir)["state"].as_str(), Some("stopped"));
}

#[test]
fn the_health_file_follows_what_happens() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    shim.call(1, r#"{"name":"version"}"#);
    shim.next();
    let since = Instant::now();
    let seen = loop {
        let seen = health(&daemon.dir);
        if seen["sessions"] == 1 && seen["last_finished_at"].is_u64() {
            break seen;
        }
        assert!(since.elapsed() < HANG, "{seen}");
        std::thread::park_timeout(Duration::from_millis(5));
    };
    assert_eq!(seen["pid"].as_u64(), Some(u64::from(std::process::id())));
    assert_eq!(seen["address"].as_str(), Some(daemon.endpoint.url.as_str()));
    assert_eq!(seen["state"].as_str(), Some("ready"));
    assert!(seen["journal"].is_string() && seen["epoch"].is_u64() && seen["lag_ms"].is_u64());
    daemon.stop();
}

#[test]
fn a_second_daemon_on_the_same_directory_steps_back() {
    let daemon = Daemon::start();
    let code = exai_daemon::run(options(&daemon.dir));
    assert_eq!(code, ExitCode::from(75));
    assert_eq!(
        read_endpoint(daemon.dir.path()).unwrap(),
        daemon.endpoint,
        "the first one's file is untouched"
    );
    let (_, dir) = daemon.stop();
    let mut third = options(&dir);
    third.settings.daemon.idle_exit = Some(Duration::ZERO);
    assert_eq!(exai_daemon::run(third), ExitCode::SUCCESS, "the lock is free again");
}

#[test]
fn a_local_daemon_ends_when_nobody_needs_it() {
    let daemon = Daemon::start_with(|options| {
        options.settings.daemon.idle_exit = Some(Duration::from_millis(600));
    });
    assert_eq!(daemon.end().0, ExitCode::SUCCESS);
}

#[test]
fn an_address_beyond_loopback_needs_a_token() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(&dir);
    options.mode = Mode::ByHand;
    options.settings.connection.host = Host::parse("0.0.0.0").unwrap();
    options.settings.connection.address = Address::Configured;
    options.settings.connection.port = 0;
    assert_eq!(exai_daemon::run(options), ExitCode::from(78));
}

#[test]
fn a_taken_port_ends_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(&dir);
    options.mode = Mode::ByHand;
    options.settings.connection.port = taken.local_addr().unwrap().port();
    assert_eq!(exai_daemon::run(options), ExitCode::from(1));
    assert!(read_endpoint(dir.path()).is_err());
}

#[test]
fn localhost_listens_on_both_loopback_addresses() {
    let daemon = Daemon::start_with(|options| {
        options.mode = Mode::ByHand;
        options.settings.connection.host = Host::parse("localhost").unwrap();
        options.settings.connection.address = Address::Configured;
        options.settings.connection.port = 0;
    });
    let port = daemon.address().rsplit(':').next().unwrap();
    assert!(std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok());
    // Machines without IPv6 have only one.
    if TcpListener::bind("[::1]:0").is_ok() {
        assert!(std::net::TcpStream::connect(format!("[::1]:{port}")).is_ok());
    }
    daemon.stop();
}

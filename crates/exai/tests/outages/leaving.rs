//! A shim leaves when its host does, for whatever reason and in the middle of whatever. That it takes 100 ms at most is
//! the benchmark's to show; here it must not wait for anything at all.

use std::fs::File;
use std::io::Write as _;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use exai_sim::host::Host;
use exai_sim::process::{Child, Group, HANG, Port, Signal, poll};
use serde_json::Value;

use crate::world::{PROMPT, World, assert_served, chat, configured, list_models};

type Leave = (&'static str, fn(&Host));

/// Ways in which a host lets its server go.
const LEAVE: [Leave; 5] = [
    ("end of stdin", Host::close_stdin),
    ("closed stdout", |host| {
        host.close_stdout_after_next_line();
        host.request("ping", Value::Null).unwrap();
    }),
    ("SIGTERM", |host| host.signal(Signal::Terminate).unwrap()),
    ("SIGINT", |host| host.signal(Signal::Interrupt).unwrap()),
    ("SIGHUP", |host| host.signal(Signal::Hangup).unwrap()),
];

/// A call that runs until the provider's patience ends.
const ENDLESS: &str = "[[sim: after=1 stall]] endless";

/// Sends the shim away in each way, in the middle of what `prepare` leads it into.
fn assert_leaves(world: &World, prepare: impl Fn(&Host)) {
    for (how, leave) in LEAVE {
        let host = world.host();
        prepare(&host);
        leave(&host);
        let exit = host.wait_exit(HANG).unwrap();
        assert_eq!(exit.status.code(), Some(0), "{how}");
        assert!(exit.after < PROMPT, "{how}: gone after {:?}", exit.after);
        host.transcript().check().unwrap();
    }
}

/// Leaves unread what the shim says from now on, until it can't say any more.
fn jam(host: &Host) {
    host.stop_reading_after_next_line();
    for _ in 0..200 {
        host.request("tools/list", Value::Null).unwrap();
    }
    // A pipe holds 64 KiB in pages, the last of each write not quite full.
    poll(HANG, || (unread(host) >= 32 << 10).then_some(())).unwrap();
}

/// Bytes that wait in the shim's stdout.
fn unread(host: &Host) -> u64 {
    // The same pipe once more, to look at and not to read.
    let pipe = File::open(format!("/proc/{}/fd/1", host.child().pid())).unwrap();
    rustix::io::ioctl_fionread(&pipe).unwrap()
}

/// Has a model begin to answer this host: a question of its own, or it would get the answer of one that has left.
fn begin_endless(world: &World, host: &Host) {
    let prompt = format!("{ENDLESS} {}", host.child().pid());
    chat(host, &prompt);
    world.wait_events(&prompt, 1, 1);
}

#[test]
fn a_shim_with_a_daemon() {
    let world = World::new();
    let _daemon = world.daemon();
    assert_leaves(&world, assert_served);
}

#[test]
fn with_calls_open() {
    let world = World::new();
    let _daemon = world.daemon();
    assert_leaves(&world, |host| begin_endless(&world, host));
}

#[test]
fn with_calls_open_and_a_host_that_does_not_read() {
    let world = World::new();
    let _daemon = world.daemon();
    assert_leaves(&world, |host| {
        begin_endless(&world, host);
        jam(host);
    });
}

#[test]
fn without_a_daemon_and_without_a_call() {
    let port = Port::reserve().unwrap();
    let world = configured(&port, &[]);
    assert_leaves(&world, |_| {});
}

#[test]
fn in_an_outage_from_the_start() {
    let port = Port::reserve().unwrap();
    let world = configured(&port, &[]);
    assert_leaves(&world, |host| {
        let pending = chat(host, "nobody hears this");
        // Progress comes from an outage that has lasted for 5 s: the shim is between two dials, or in one.
        host.wait_progress(&pending, 1, Duration::from_secs(60)).unwrap();
    });
}

#[test]
fn in_an_outage_with_a_host_that_does_not_read() {
    let port = Port::reserve().unwrap();
    let world = configured(&port, &[]);
    assert_leaves(&world, |host| {
        chat(host, "nobody hears this");
        jam(host);
    });
}

/// The daemon dies under a running call; the address that is dialled again is a configured one, or a file's.
fn assert_leaves_reconnecting(world: &World, prepare: impl Fn(&Host)) {
    assert_leaves(world, |host| {
        let daemon = world.daemon();
        begin_endless(world, host);
        daemon.kill().unwrap();
        list_models(host);
        prepare(host);
    });
}

#[test]
fn while_it_reconnects() {
    let port = Port::reserve().unwrap();
    assert_leaves_reconnecting(&configured(&port, &[]), |_| {});
    assert_leaves_reconnecting(&World::new(), |_| {});
}

#[test]
fn while_it_reconnects_and_its_host_does_not_read() {
    let port = Port::reserve().unwrap();
    assert_leaves_reconnecting(&configured(&port, &[]), jam);
}

#[test]
fn while_its_daemon_hangs() {
    let world = World::new();
    let daemon = world.daemon();
    let freeze = |host: &Host| {
        // The one before has left the daemon frozen, and this one is to be connected first.
        let _ = daemon.child().signal(Signal::Continue);
        assert_served(host);
        daemon.child().signal(Signal::Stop).unwrap();
        list_models(host);
    };
    assert_leaves(&world, freeze);
    assert_leaves(&world, |host| {
        freeze(host);
        jam(host);
    });
}

/// A host with a socket for both directions, as some event loops make it, which ends its writing and keeps the rest.
#[test]
fn a_socket_that_is_half_closed_while_nothing_more_is_read_from_it() {
    let world = World::new();
    let (host, shims) = UnixStream::pair().unwrap();
    let end = || Stdio::from(OwnedFd::from(shims.try_clone().unwrap()));
    let mut command = world.exai.command(&["shim"]);
    command.stdin(end()).stdout(end()).stderr(Stdio::null());
    let shim = Child::spawn("the shim", &mut command, Group::Own).unwrap();
    drop((command, shims));
    // Answers that nobody reads, until the shim takes no more questions either.
    host.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let line = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
    let lines = [line.as_slice(), b"\n"].concat().repeat(1000);
    while (&host).write_all(&lines).is_ok() {
        assert_eq!(shim.status(), None);
    }
    host.shutdown(Shutdown::Write).unwrap();
    assert!(shim.wait(PROMPT).unwrap().success());
}

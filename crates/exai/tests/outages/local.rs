//! The local default: no address is configured, and the first call starts the one daemon of this user.

use std::path::{Path, PathBuf};
use std::time::Duration;

use exai_sim::host::{Host, Pending};
use exai_sim::process::{HANG, Running, Signal, kill, pace, poll};
use serde_json::Value;

use crate::world::{World, assert_orderly, assert_served, assert_whole, chat_now, list_models, text_of};

fn local(settings: &[(&str, &str)]) -> World {
    World::with(&[&[("EXAI_AUTOSTART", "auto")], settings].concat())
}

fn daemons(world: &World) -> Vec<Running> {
    world.exai.processes().into_iter().filter(|process| process.is("daemon")).collect()
}

/// Waits until exactly one daemon runs, the one whose address everybody finds; those that came second are gone.
fn the_daemon(world: &World) -> u32 {
    let named = || {
        let file = std::fs::read(world.exai.state_dir().join("endpoint.json")).ok()?;
        serde_json::from_slice::<Value>(&file).ok()?["pid"].as_u64()
    };
    let one = poll(HANG, || match daemons(world).as_slice() {
        [one] if named() == Some(one.pid.into()) => Some(one.pid),
        _ => None,
    });
    one.unwrap_or_else(|| panic!("not one daemon but {:?}, named: {:?}", daemons(world), named()))
}

/// How many daemons have ever listened.
fn starts(world: &World) -> usize {
    let log = std::fs::read_to_string(world.exai.state_dir().join("logs/daemon.log")).unwrap();
    log.lines().filter(|line| line.contains("listening")).count()
}

/// All ask at once; each is answered by the daemon of this id.
fn assert_all_served_by_one(world: &World, hosts: &[Host]) -> u32 {
    let calls: Vec<Pending> = hosts.iter().map(list_models).collect();
    for (host, pending) in hosts.iter().zip(&calls) {
        text_of(&host.wait(pending, HANG).unwrap());
    }
    let pid = the_daemon(world);
    for host in hosts {
        let status = text_of(&host.ask("status", Value::Null).unwrap());
        assert!(status.contains(&format!("pid {pid}")), "{pid} is not who answered {status}");
    }
    pid
}

#[test]
fn shims_that_start_the_daemon_at_once_start_one_and_after_a_kill_one_more() {
    for count in [2, 8] {
        let world = local(&[]);
        let hosts: Vec<Host> = (0..count).map(|_| world.host()).collect();
        hosts.iter().for_each(|host| drop(host.list_tools().unwrap()));
        assert_eq!(daemons(&world), [], "no daemon before the first call");
        let first = assert_all_served_by_one(&world, &hosts);
        kill(first);
        let second = assert_all_served_by_one(&world, &hosts);
        assert_ne!(first, second);
        assert_eq!(starts(&world), 2);
        hosts.iter().for_each(assert_orderly);
    }
}

#[test]
fn a_local_daemon_ends_when_nobody_needs_it_and_comes_back_when_somebody_does() {
    let world = local(&[("EXAI_IDLE_EXIT", "1s")]);
    let host = world.host();
    assert_served(&host);
    let first = the_daemon(&world);
    // A session without calls is somebody.
    pace(Duration::from_secs(3));
    assert_eq!(the_daemon(&world), first);
    host.close_stdin();
    host.wait_exit(HANG).unwrap();
    assert!(poll(HANG, || daemons(&world).is_empty().then_some(())).is_some(), "{:?}", daemons(&world));
    assert!(!world.exai.state_dir().join("endpoint.json").exists());
    let host = world.host();
    assert_whole(&chat_now(&host, "again"), "again", 3);
    assert_ne!(the_daemon(&world), first);
    assert_eq!(starts(&world), 2);
}

#[test]
fn a_stopped_local_daemon_stays_stopped_until_the_next_call() {
    let world = local(&[]);
    let host = world.host();
    assert_served(&host);
    let first = the_daemon(&world);
    let stop = world.exai.run(&["stop"], HANG).unwrap();
    assert_eq!(stop.status.code(), Some(0), "{}", String::from_utf8_lossy(&stop.stderr));
    assert!(poll(HANG, || daemons(&world).is_empty().then_some(())).is_some());
    // The shim dials on, and starts nothing.
    pace(Duration::from_secs(2));
    assert_eq!(daemons(&world), []);
    assert_served(&host);
    assert_ne!(the_daemon(&world), first);
    assert_eq!(starts(&world), 2);
    assert_orderly(&host);
}

/// All files below a directory, relative to it.
fn files(root: &Path, below: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(below)).unwrap().flatten();
    entries
        .flat_map(|entry| {
            let path = below.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() { files(root, &path) } else { vec![path] }
        })
        .collect()
}

#[test]
fn throw_away_shims_leave_nothing_behind() {
    let world = local(&[]);
    for _ in 0..20 {
        let host = world.exai.host().unwrap();
        host.discover().unwrap();
        host.signal(Signal::Terminate).unwrap();
        assert_eq!(host.wait_exit(HANG).unwrap().status.code(), Some(0));
        assert_orderly(&host);
    }
    assert_eq!(world.exai.processes(), []);
    let left: Vec<PathBuf> = files(world.exai.home(), Path::new(""));
    assert!(left.iter().all(|file| file == Path::new("state/logs/shim.log")), "{left:?}");
}

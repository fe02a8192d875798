//! Disks that are full, read-only, or give back something else than was written: what happened is said, with what to do, nothing
//! claims success, and nothing is paid in a loop.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use exai_sim::process::{HANG, Port, pace};
use exai_sim::provider::answer_to;

use crate::world::{PATIENCE, World, assert_orderly};

/// A file system of its own in memory; unmounted on drop. `None`: this user may mount nothing.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output().ok()?;
        mounted.status.success().then(|| Self(at.to_owned()))
    }

    fn remount(&self, how: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.0).status();
        assert!(status.unwrap().success());
    }

    /// Takes all the room that there is.
    fn fill(&self) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        let block = vec![0_u8; 4096];
        while filler.write_all(&block).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// With a state directory of this kind, and a daemon that is found without it.
fn on(options: &str) -> Option<(World, SmallDisk, Port)> {
    let port = Port::reserve().unwrap();
    let number = port.number().to_string();
    let world = World::with(&[("EXAI_WS_HOST", "127.0.0.1"), ("EXAI_WS_PORT", &number)]);
    let Some(disk) = SmallDisk::mount(&world.exai.state_dir(), options) else {
        eprintln!("skipped: this user may not mount a file system");
        return None;
    };
    Some((world, disk, port))
}

#[test]
fn a_full_disk_takes_no_call_and_pays_for_none_until_there_is_room() {
    let Some((world, disk, port)) = on("size=40m") else { return };
    let _daemon = world.daemon();
    let host = world.host();
    disk.fill();
    let pending = world.chat(&host, "no room");
    pace(Duration::from_secs(3));
    assert!(host.answer(&pending).is_none());
    assert_eq!(world.requests("no room").len(), 0);
    let status = host.ask("status", crate::world::empty()).unwrap();
    let text = status.text().unwrap();
    assert!(
        text.contains("stalled") && text.contains("new calls wait") && text.contains("free some space"),
        "{text}"
    );
    let address = ([127, 0, 0, 1], port.number()).into();
    world.exai.wait_status(address, 503).unwrap();
    disk.free();
    world.exai.wait_status(address, 200).unwrap();
    let answer = host.wait(&pending, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to("no room", 3)), "{}", answer.line);
    assert_eq!(world.requests("no room").len(), 1);
    assert_orderly(&host);
}

#[test]
fn a_disk_that_fills_up_during_an_answer_costs_that_answer_nothing() {
    let Some((world, disk, _port)) = on("size=40m") else { return };
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=10 gap=200ms]] while it fills";
    let pending = world.chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    disk.fill();
    let answer = host.wait(&pending, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to(prompt, 10)), "{}", answer.line);
    assert_eq!(world.requests(prompt).len(), 1);
    let next = world.chat(&host, "after it filled");
    pace(Duration::from_secs(2));
    assert_eq!(world.requests("after it filled").len(), 0);
    disk.free();
    host.wait(&next, HANG).unwrap();
    assert_orderly(&host);
}

#[test]
fn a_read_only_state_directory_is_named_with_what_to_do() {
    let Some((world, disk, _port)) = on("size=40m") else { return };
    disk.remount("ro");
    let daemon = world.exai.start_daemon().unwrap();
    let address = ([127, 0, 0, 1], _port.number()).into();
    world.exai.wait_status(address, 503).unwrap();
    let host = world.host();
    let answer = host.wait(&world.chat(&host, "read-only"), HANG).unwrap();
    let text = answer.text().unwrap();
    assert!(
        answer.is_tool_error() && text.contains("can't be used") && text.contains("make it writable"),
        "{text}"
    );
    assert_eq!(world.requests("read-only").len(), 0);
    disk.remount("rw");
    world.exai.wait_status(address, 200).unwrap();
    let answer = host.wait(&world.chat(&host, "writable"), PATIENCE).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to("writable", 3)), "{}", answer.line);
    assert!(daemon.child().status().is_none());
}

/// As [`on`], where the first call is to start the daemon, which then has nowhere to say anything.
fn on_first_use(options: &str) -> Option<(World, SmallDisk)> {
    let world = World::with(&[("EXAI_AUTOSTART", "auto")]);
    let Some(disk) = SmallDisk::mount(&world.exai.state_dir(), options) else {
        eprintln!("skipped: this user may not mount a file system");
        return None;
    };
    Some((world, disk))
}

#[test]
fn a_first_call_on_a_read_only_state_directory_is_told_so_at_once_and_the_next_after_it_is_mended_is_answered()
 {
    let Some((world, disk)) = on_first_use("size=40m") else { return };
    disk.remount("ro");
    let host = world.host();
    let answer = host.wait(&world.chat(&host, "nowhere to write"), HANG).unwrap();
    let text = answer.text().unwrap();
    assert!(text.contains("Read-only file system") && text.contains("make it writable"), "{text}");
    let status = world.exai.run(&["status"], HANG).unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("make it writable"), "{status:?}");
    disk.remount("rw");
    let answer = host.wait(&world.chat(&host, "writable again"), HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to("writable again", 3)), "{}", answer.line);
    assert_eq!(world.requests("nowhere to write").len(), 0);
    assert_orderly(&host);
}

#[test]
fn a_first_call_on_a_full_disk_waits_for_room_and_status_says_so() {
    let Some((world, disk)) = on_first_use("size=40m") else { return };
    disk.fill();
    let host = world.host();
    let pending = world.chat(&host, "no room to begin");
    pace(Duration::from_secs(3));
    assert!(host.answer(&pending).is_none());
    let status = world.exai.run(&["status"], HANG).unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("free some space"), "{status:?}");
    disk.free();
    let answer = host.wait(&pending, PATIENCE).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to("no room to begin", 3)), "{}", answer.line);
    assert_eq!(world.requests("no room to begin").len(), 1);
    assert_orderly(&host);
}

/// A journal with an answer in it, left by a daemon that was told to end.
fn used() -> (World, Port) {
    let port = Port::reserve().unwrap();
    let number = port.number().to_string();
    let world = World::with(&[("EXAI_WS_HOST", "127.0.0.1"), ("EXAI_WS_PORT", &number)]);
    let daemon = world.daemon();
    let host = world.host();
    for n in 0..20 {
        host.wait(&world.chat(&host, &format!("question {n}")), HANG).unwrap();
    }
    daemon.terminate().unwrap();
    (world, port)
}

fn assert_unusable(world: &World, port: &Port) {
    let daemon = world.exai.start_daemon().unwrap();
    world.exai.wait_status(([127, 0, 0, 1], port.number()).into(), 503).unwrap();
    let host = world.host();
    let answer = host.wait(&world.chat(&host, "on a damaged journal"), HANG).unwrap();
    let text = answer.text().unwrap();
    assert!(answer.is_tool_error() && text.contains("journal.db"), "{text}");
    assert!(text.contains("exai journal repair") || text.contains("move that file away"), "{text}");
    assert_eq!(world.requests("on a damaged journal").len(), 0);
    daemon.terminate().unwrap();
}

#[test]
fn a_truncated_journal_is_named_with_what_to_do() {
    let (world, port) = used();
    let file = OpenOptions::new().write(true).open(world.exai.state_dir().join("journal.db")).unwrap();
    file.set_len(5000).unwrap();
    assert_unusable(&world, &port);
}

#[test]
fn a_journal_that_holds_something_else_is_named_with_what_to_do() {
    let (world, port) = used();
    let mut file = OpenOptions::new().write(true).open(world.exai.state_dir().join("journal.db")).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&[0x55; 4096]).unwrap();
    assert_unusable(&world, &port);
}

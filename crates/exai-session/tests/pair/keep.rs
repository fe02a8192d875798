//! What the daemon keeps, and what it lets go.

use exai_session::Strain;
use exai_wire::{CallId, Cancel, DaemonState, Outcome, ShimFrame};

use crate::world::{Seen, World, ms, secs};

#[test]
fn a_flood_of_cancels_does_not_push_out_a_result_that_is_waited_for() {
    let mut world = World::new(2);
    let call = world.call(0, 1, r#"{"name":"chat","ms":2000}"#);
    let other = world.call(1, 2, r#"{"name":"version"}"#);
    world.run(ms(500));
    assert!(world.answered(other));
    let flooded = world.pairs.iter().find(|(shim, ..)| *shim == 1).map(|(.., peer)| *peer).unwrap();
    // The answer is written into a connection that is gone already.
    world.auto_deliver = false;
    let (first, conn, peer) = *world.pairs.iter().find(|(shim, ..)| *shim == 0).unwrap();
    world.pairs.retain(|(shim, ..)| *shim != first);
    world.run(secs(2));
    let now = world.now;
    for n in 0..60_000_u32 {
        let mut bytes = [0xcc; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let cancel = Cancel { call_id: CallId::from_bytes(bytes), reason: String::new() };
        let text = ShimFrame::Cancel(cancel).encode();
        world.daemon.as_mut().unwrap().frame(now, flooded, &text);
    }
    world.settle();
    world.run(secs(6));
    let now = world.now;
    world.daemon.as_mut().unwrap().closed(now, peer);
    world.shims[0].closed(now, conn, "reset");
    world.run(secs(10));
    assert!(matches!(
        world.only(call),
        Seen::Result { outcome: Outcome::Ok, attempts: 1, replayed: true, .. }
    ));
    assert_eq!(world.billed(call), 1);
}

fn strain(world: &World) -> (DaemonState, Option<Strain>) {
    let daemon = world.daemon.as_ref().unwrap();
    (daemon.state(), daemon.strain())
}

fn refused(waiting: usize) -> (DaemonState, Option<Strain>) {
    let why = "the journal is full: no space".to_owned();
    (DaemonState::Stalled, Some(Strain::Refused { waiting, full: true, why }))
}

#[test]
fn a_daemon_whose_answers_wait_for_the_journal_says_so_at_every_moment_until_they_are_kept() {
    let mut world = World::new(2);
    world.call(0, 1, r#"{"name":"chat","ms":1000}"#);
    world.run(ms(500));
    world.fill_disk();
    world.run(secs(1));
    for _ in 0..500 {
        world.run(ms(7));
        assert_eq!(strain(&world), refused(1));
    }
    let question = world.call(0, 2, r#"{"name":"version"}"#);
    let call = world.call(1, 3, r#"{"name":"chat","ms":1000}"#);
    world.run(secs(2));
    assert!(world.answered(question) && !world.answered(call), "what is kept nowhere needs no room");
    world.empty_disk();
    world.run(secs(10));
    assert!(world.answered(call));
    assert_eq!(strain(&world), (DaemonState::Ready, None));
}

#[test]
fn a_daemon_that_refuses_calls_says_so_as_long_as_somebody_comes() {
    let mut world = World::new(1);
    world.fill_disk();
    world.call(0, 1, r#"{"name":"chat","ms":1000}"#);
    world.run(secs(1));
    for _ in 0..20 {
        world.run(secs(1));
        assert_eq!(strain(&world), refused(0));
    }
    let now = world.now;
    world.shims[0].bye(now, "stdin closed");
    world.run(secs(6));
    assert_eq!(strain(&world), (DaemonState::Ready, None));
}

#[test]
fn a_call_that_waits_for_its_place_leaves_with_its_session() {
    let mut world = World::new(1);
    world.full = true;
    let call = world.call(0, 1, r#"{"name":"chat","ms":1000}"#);
    world.run(secs(1));
    assert_eq!(world.daemon.as_ref().unwrap().in_flight(), 1);
    world.partitioned = true;
    world.run(secs(45));
    assert_eq!(
        world.daemon.as_ref().unwrap().in_flight(),
        0,
        "20 s of silence, and 20 s without a connection"
    );
    assert_eq!(world.aborted, [call]);
    world.full = false;
    world.partitioned = false;
    world.run(secs(10));
    assert!(
        matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, .. }),
        "it is brought again, and runs"
    );
    assert_eq!((world.billed(call), world.denied.len()), (1, 0));
}

#[test]
fn calls_of_hosts_that_have_gone_keep_nobody_out() {
    let mut world = World::new(2);
    world.keeping.bytes = 1 << 20;
    world.crash();
    world.full = true;
    for n in 1..=60 {
        world.call(0, n, r#"{"name":"chat","ms":1000}"#);
    }
    world.run(secs(6));
    let now = world.now;
    world.shims[0].bye(now, "stdin closed");
    world.run(secs(6));
    world.full = false;
    let call = world.call(1, 100, r#"{"name":"chat","ms":1000}"#);
    world.run(secs(3));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, .. }));
}

/// They may have been billed, so they are kept for who asks the same; what they hold are their params.
#[test]
fn calls_that_had_begun_for_hosts_that_have_gone_take_no_room_for_answers() {
    let mut world = World::new(2);
    world.keeping.bytes = 1 << 20;
    world.crash();
    for n in 1..=60 {
        world.call(0, n, r#"{"name":"chat","ms":600000}"#);
    }
    world.run(secs(1));
    assert_eq!(world.billed.len(), 60);
    world.kill_daemon();
    world.dead.insert(0);
    world.restart_daemon();
    let call = world.call(1, 100, r#"{"name":"chat","ms":1000}"#);
    world.run(secs(10));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, .. }));
    let later = world.call(1, 101, r#"{"name":"chat","ms":1000}"#);
    world.run(secs(2));
    assert!(matches!(world.only(later), Seen::Result { outcome: Outcome::Ok, .. }));
}

#[test]
fn a_number_of_attempts_that_nobody_can_have_seen_is_taken_for_the_most_that_there_are() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"chat","ms":10000}"#);
    world.run(ms(100));
    let peer = world.pairs[0].2;
    let now = world.now;
    let text = format!(
        r#"{{"t":"call","call_id":"{}","method":"tools/call","params":{{"name":"chat"}},"fingerprint":"{}","remaining_ms":60000,"under":"{}","accepted_seen":true,"attempts_seen":4294967295}}"#,
        "0b".repeat(16),
        "0c".repeat(16),
        "0d".repeat(16)
    );
    world.daemon.as_mut().unwrap().frame(now, peer, &text);
    world.settle();
    world.run(secs(15));
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, .. }));
    assert_eq!(world.billed.len(), 1, "all attempts are made already");
}

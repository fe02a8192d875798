//! Peers that ask for more than anybody reads.

use exai_session::{DaemonEvent, Finished, PeerConn};
use exai_wire::{
    Attach, CallId, DaemonFrame, DialNo, Hello, JournalId, OpenCall, Outcome, ProtoRange, SessionId,
    ShimFrame, ShimPeer,
};

use crate::world::{CHAT, World, raw, secs};

const ANSWER_BYTES: usize = 6 << 20;

/// The most that may wait for one peer: 64 MiB, and the frame that goes beyond.
const WAITING_MAX: usize = (64 << 20) + (7 << 20);

/// A call with a long answer that its shim has not confirmed.
fn answered() -> (World, CallId) {
    let mut world = World::new(1);
    world.auto_deliver = false;
    let call = world.call(0, 1, CHAT);
    world.run(secs(1));
    let body = raw(&format!("\"{}\"", "x".repeat(ANSWER_BYTES)));
    let finished = Finished { outcome: Outcome::Ok, body, turn: None, spent: None };
    let now = world.now;
    world.daemon.as_mut().unwrap().finished(now, call, finished);
    world.run(secs(1));
    assert!(world.answered(call));
    (world, call)
}

/// Another shim says hello, with these calls open.
fn hello(world: &mut World, open: Vec<OpenCall>) -> PeerConn {
    let peer = PeerConn(1000);
    let hello = Hello {
        proto: ProtoRange { min: 1, max: 1 },
        session: SessionId::from_bytes([77; 16]),
        dial_no: DialNo(1),
        shim: ShimPeer { name: "exai".into(), version: "0.1.0".into(), pid: 1 },
        host: None,
        open,
    };
    let now = world.now;
    let daemon = world.daemon.as_mut().unwrap();
    daemon.opened(now, peer);
    daemon.frame(now, peer, &ShimFrame::Hello(hello).encode());
    peer
}

/// What waits to be written to it.
fn waiting(world: &mut World, peer: PeerConn) -> Vec<String> {
    let daemon = world.daemon.as_mut().unwrap();
    let frames = std::iter::from_fn(|| daemon.poll_transmit());
    frames.filter(|(to, _)| *to == peer).map(|(_, text)| text).collect()
}

fn close_code(world: &mut World, peer: PeerConn) -> Option<u16> {
    let daemon = world.daemon.as_mut().unwrap();
    std::iter::from_fn(|| daemon.poll_event()).find_map(|event| match event {
        DaemonEvent::Close { conn, code, .. } if conn == peer => Some(code),
        _ => None,
    })
}

fn is_result(text: &str) -> bool {
    text.starts_with(r#"{"t":"result""#)
}

#[test]
fn what_waits_for_a_peer_is_bounded_before_it_is_made() {
    let (mut world, call) = answered();
    let peer = hello(&mut world, Vec::new());
    waiting(&mut world, peer);
    let now = world.now;
    let attach = ShimFrame::Attach(Attach { call_id: call }).encode();
    for _ in 0..3000 {
        world.daemon.as_mut().unwrap().frame(now, peer, &attach);
    }
    assert_eq!(close_code(&mut world, peer), Some(1013), "try again later");
    let frames = waiting(&mut world, peer);
    let bytes: usize = frames.iter().map(String::len).sum();
    assert!(bytes <= WAITING_MAX, "{bytes} bytes");
    assert!(
        frames.iter().filter(|text| is_result(text)).count() > 5,
        "what there was room for is still sent"
    );
}

#[test]
fn a_peer_that_reads_gets_whatever_it_asks_for() {
    let (mut world, call) = answered();
    let peer = hello(&mut world, Vec::new());
    let attach = ShimFrame::Attach(Attach { call_id: call }).encode();
    for _ in 0..20 {
        let now = world.now;
        world.daemon.as_mut().unwrap().frame(now, peer, &attach);
        assert_eq!(waiting(&mut world, peer).iter().filter(|text| is_result(text)).count(), 1);
    }
    assert_eq!(close_code(&mut world, peer), None);
}

#[test]
fn a_call_that_a_hello_lists_many_times_is_answered_once() {
    let (mut world, call) = answered();
    let open = OpenCall {
        call_id: call,
        under: JournalId::from_bytes([0; 16]),
        accepted_seen: true,
        attempts_seen: 1,
        attempt_unused: false,
        cancelled: false,
        remaining_ms: 60_000,
    };
    let peer = hello(&mut world, vec![open; 700]);
    let frames = waiting(&mut world, peer);
    assert_eq!(frames.iter().filter(|text| is_result(text)).count(), 1);
    let Ok(Some(DaemonFrame::Welcome(welcome))) = DaemonFrame::decode(&frames[0]) else {
        panic!("{}", frames[0])
    };
    assert_eq!(welcome.calls.len(), 1);
    assert_eq!(close_code(&mut world, peer), None);
}

use super::*;

const FRAME: usize = 8 << 20;

fn frame() -> String {
    "x".repeat(FRAME)
}

#[test]
fn one_that_takes_nothing_has_room_until_its_bound() {
    let mut out = Out::default();
    let (one, other) = (PeerConn(1), PeerConn(2));
    for _ in 0..ONE_MAX / FRAME {
        assert!(out.has_room(one));
        out.push(one, frame());
    }
    assert!(!out.has_room(one) && out.has_room(other), "each has its own");
    assert_eq!(out.pop().map(|(conn, _)| conn), Some(one));
    assert!(out.has_room(one));
}

#[test]
fn all_together_have_room_until_theirs() {
    let mut out = Out::default();
    let conn = |n: usize| PeerConn(n as u64 % 8);
    for n in 0..ALL_MAX / FRAME {
        assert!(out.has_room(conn(n)));
        out.push(conn(n), frame());
    }
    assert!(!out.has_room(PeerConn(100)));
    out.forget(conn(3));
    assert!(out.has_room(PeerConn(100)));
    assert!(std::iter::from_fn(|| out.pop()).all(|(to, _)| to != conn(3)));
    assert_eq!((out.all_bytes, out.bytes.len()), (0, 0));
}

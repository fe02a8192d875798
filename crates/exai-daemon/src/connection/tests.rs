use std::sync::atomic::Ordering;

use super::{ALL_BYTES_MAX, AllBytes, BYTES_MAX, Drain, FRAMES_MAX, Outbox, Outgoing, Queued, queue};

const NOTE: &str = r#"{"t":"note","call_id":"0"}"#;
const RESULT: &str = r#"{"t":"result","call_id":"0"}"#;

fn jammed(frames: usize) -> (Outbox, Drain) {
    let (outbox, drain) = queue(&AllBytes::default());
    for _ in 0..frames {
        assert_eq!(outbox.send(RESULT.to_owned()), Queued::Yes);
    }
    (outbox, drain)
}

#[test]
fn a_jam_costs_notes_first() {
    let (outbox, _drain) = jammed(FRAMES_MAX / 2);
    assert_eq!(outbox.send(NOTE.to_owned()), Queued::NoteDropped);
    assert_eq!(outbox.send(RESULT.to_owned()), Queued::Yes);
}

#[test]
fn a_full_queue_still_has_room_for_the_close() {
    let (outbox, mut drain) = jammed(FRAMES_MAX - 1);
    assert_eq!(outbox.send(RESULT.to_owned()), Queued::Overflow);
    outbox.close(1013, "you do not read");
    let last = std::iter::from_fn(|| drain.queue.try_recv().ok()).last();
    assert!(matches!(last, Some(Outgoing::Close(frame)) if frame.code == 1013));
}

#[test]
fn bytes_are_bounded_but_one_frame_is_always_taken() {
    let (outbox, _drain) = queue(&AllBytes::default());
    assert_eq!(outbox.send("x".repeat(BYTES_MAX + 1)), Queued::Yes);
    assert_eq!(outbox.send(RESULT.to_owned()), Queued::Overflow);
}

#[test]
fn all_peers_share_a_bound_and_who_reads_does_not_pay_for_those_who_do_not() {
    let all = AllBytes::default();
    let result = "x".repeat(8 << 20);
    let mut jammed: Vec<_> = (0..ALL_BYTES_MAX / result.len()).map(|_| queue(&all)).collect();
    for (outbox, _) in &jammed {
        assert_eq!(outbox.send(result.clone()), Queued::Yes);
    }
    let (outbox, _drain) = queue(&all);
    assert_eq!(outbox.send(RESULT.to_owned()), Queued::Yes);
    assert_eq!(outbox.send(result.clone()), Queued::Overflow);
    jammed.truncate(jammed.len() - 2);
    assert_eq!(outbox.send(result), Queued::Yes, "who is gone made room");
    jammed.clear();
    drop((outbox, _drain));
    assert_eq!(all.load(Ordering::Relaxed), 0);
}

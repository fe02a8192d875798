use std::task::{Context, Poll, Waker};

use super::{Lobby, Seat};

fn is_taken(seat: &mut Seat) -> bool {
    seat.poll_taken(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

#[test]
fn one_too_many_takes_the_place_of_the_longest() {
    let mut lobby = Lobby::new(2);
    let (mut first, mut second, mut third) = (lobby.enter(), lobby.enter(), lobby.enter());
    assert!(is_taken(&mut first) && !is_taken(&mut second) && !is_taken(&mut third));
}

#[test]
fn who_has_left_is_not_counted() {
    let mut lobby = Lobby::new(2);
    let mut first = lobby.enter();
    for _ in 0..100 {
        drop(lobby.enter());
    }
    let mut last = lobby.enter();
    assert!(!is_taken(&mut first) && !is_taken(&mut last));
}

use super::{Admission, Bounds, Permit, out};

type Queue = Admission<char, u32, ()>;

fn queue(per_session: usize, all: usize, waiting: usize) -> Queue {
    Admission::new(Bounds { per_session, all, waiting })
}

/// Admits as many as possible; their keys, and the permits.
fn admitted(queue: &mut Queue) -> (Vec<u32>, Vec<Permit>) {
    std::iter::from_fn(|| queue.admit()).map(|(_, key, (), permit)| (key, permit)).unzip()
}

#[test]
fn sessions_take_turns_and_each_is_served_in_order() {
    let mut queue = queue(9, 1, 99);
    for (session, key) in [('a', 1), ('a', 2), ('a', 3), ('b', 10), ('c', 20), ('c', 21)] {
        queue.enqueue(session, key, ()).unwrap();
    }
    let expected = vec![1, 10, 20, 2, 21, 3];
    assert_eq!(queue.order(), expected);
    let mut seen = Vec::new();
    while let Some((_, key, (), permit)) = queue.admit() {
        assert!(queue.admit().is_none(), "the limit of all holds while the permit lives");
        seen.push(key);
        drop(permit);
    }
    assert_eq!(seen, expected);
}

#[test]
fn a_session_at_its_limit_is_passed_over_and_keeps_its_turn() {
    let mut queue = queue(1, 9, 99);
    for (session, key) in [('a', 1), ('a', 2), ('b', 10), ('b', 11)] {
        queue.enqueue(session, key, ()).unwrap();
    }
    let (keys, mut permits) = admitted(&mut queue);
    assert_eq!(keys, [1, 10]);
    drop(permits.remove(1));
    assert_eq!(admitted(&mut queue).0, [11], "only b has a permit again");
    drop(permits);
    assert_eq!(admitted(&mut queue).0, [2]);
}

#[test]
fn a_full_queue_gives_the_job_back_and_room_comes_with_every_admission() {
    let mut queue = queue(1, 1, 2);
    queue.enqueue('a', 1, ()).unwrap();
    let (_, permit) = admitted(&mut queue);
    queue.enqueue('a', 2, ()).unwrap();
    queue.enqueue('b', 3, ()).unwrap();
    assert!(queue.enqueue('c', 4, ()).is_err());
    drop(permit);
    let _permit = queue.admit().unwrap();
    assert!(queue.enqueue('c', 4, ()).is_ok());
}

#[test]
fn a_removed_entry_is_not_admitted() {
    let mut queue = queue(9, 9, 99);
    for (session, key) in [('a', 1), ('a', 2), ('b', 3)] {
        queue.enqueue(session, key, ()).unwrap();
    }
    assert_eq!(queue.remove(1), Some(()));
    assert_eq!(queue.remove(3), Some(()));
    assert_eq!(queue.remove(3), None);
    assert_eq!((queue.waiting(), out(&queue.all)), (1, 0));
    assert_eq!(admitted(&mut queue).0, [2]);
}

#[test]
fn nothing_is_left_of_a_session_that_is_through() {
    let mut queue = queue(1, 9, 99);
    for session in 'a'..='z' {
        queue.enqueue(session, u32::from(session), ()).unwrap();
    }
    let (_, permits) = admitted(&mut queue);
    let (_, more) = admitted(&mut queue);
    assert_eq!((permits.len(), queue.waiting(), out(&queue.all)), (9, 17, 9));
    drop((permits, more));
    while let Some((_, _, (), permit)) = queue.admit() {
        drop(permit);
    }
    queue.sweep();
    assert_eq!((queue.waiting(), out(&queue.all), queue.lines.len()), (0, 0, 0));
}

/// Whatever is done in whatever order: limits hold, and every entry is admitted or removed exactly once.
#[test]
fn limits_hold_in_random_histories() {
    for seed in 1..=200_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = |bound: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % bound
        };
        let mut queue = queue(2, 5, 12);
        let mut out: Vec<(char, Permit)> = Vec::new();
        let (mut entered, mut left) = (0_u32, 0_u32);
        for step in 0..300_u32 {
            match next(4) {
                0 | 1 => {
                    let session = ['a', 'b', 'c', 'd'][usize::try_from(next(4)).unwrap()];
                    entered += u32::from(queue.enqueue(session, step, ()).is_ok());
                }
                2 if !out.is_empty() => {
                    let at = usize::try_from(next(out.len() as u64)).unwrap();
                    drop(out.swap_remove(at));
                }
                _ => left += u32::from(queue.remove(u32::try_from(next(300)).unwrap()).is_some()),
            }
            while let Some((session, _, (), permit)) = queue.admit() {
                left += 1;
                out.push((session, permit));
            }
            assert!(super::out(&queue.all) == out.len() && out.len() <= 5, "seed {seed}");
            for session in ['a', 'b', 'c', 'd'] {
                assert!(out.iter().filter(|(held, _)| *held == session).count() <= 2, "seed {seed}");
            }
            assert_eq!(entered, left + u32::try_from(queue.waiting()).unwrap(), "seed {seed}");
            assert_eq!(queue.order().len(), queue.waiting(), "seed {seed}");
        }
    }
}

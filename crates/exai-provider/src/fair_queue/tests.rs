use super::{FairQueue, Sharer, Ticket};
use crate::config::Bounds;

const A: Sharer = 1;
const B: Sharer = 2;
const C: Sharer = 3;
const GLM: usize = 0;
const KIMI: usize = 1;

fn queue(each: usize, all: usize, places: &[u32]) -> FairQueue {
    FairQueue::new(Bounds { each, all }, places.iter().copied())
}

fn admitted(queue: &mut FairQueue) -> Vec<Ticket> {
    std::iter::from_fn(|| queue.admit()).collect()
}

#[test]
fn sessions_take_turns_and_each_is_served_in_order() {
    let mut queue = queue(9, 99, &[1]);
    let [a1, a2, a3, b1, c1, c2] = [A, A, A, B, C, C].map(|sharer| queue.join(sharer, GLM));
    let expected = [a1, b1, c1, a2, c2, a3];
    let positions = expected.map(|ticket| queue.position(ticket));
    assert_eq!(positions, [1, 2, 3, 4, 5, 6].map(|position| Some((position, 6))));
    for ticket in expected {
        assert_eq!(admitted(&mut queue), [ticket]);
        queue.leave(ticket);
    }
}

#[test]
fn who_waits_for_one_provider_holds_nobody_up_at_another() {
    let mut queue = queue(64, 256, &[2, 2]);
    for sharer in 10..14 {
        for _ in 0..64 {
            queue.join(sharer, GLM);
        }
    }
    assert_eq!(admitted(&mut queue).len(), 2);
    let kimi = queue.join(10, KIMI);
    assert_eq!(admitted(&mut queue), [kimi], "though its own session waits at the other");
}

#[test]
fn a_turn_at_one_provider_costs_none_at_another() {
    let mut queue = queue(9, 99, &[1, 1]);
    let held = queue.join(C, GLM);
    admitted(&mut queue);
    let (b, a) = (queue.join(B, GLM), queue.join(A, GLM));
    for _ in 0..5 {
        let busy = queue.join(B, KIMI);
        assert_eq!(admitted(&mut queue), [busy]);
        queue.leave(busy);
    }
    queue.leave(held);
    assert_eq!(admitted(&mut queue), [b]);
    queue.leave(b);
    assert_eq!(admitted(&mut queue), [a]);
}

#[test]
fn a_session_at_its_bound_is_passed_over_and_keeps_its_turn() {
    let mut queue = queue(1, 99, &[9]);
    let [a1, a2, b1, b2] = [A, A, B, B].map(|sharer| queue.join(sharer, GLM));
    assert_eq!(admitted(&mut queue), [a1, b1]);
    queue.leave(b1);
    assert_eq!(admitted(&mut queue), [b2], "only b has a turn again");
    queue.leave(a1);
    assert_eq!(admitted(&mut queue), [a2]);
}

#[test]
fn where_the_bound_of_all_binds_providers_take_turns() {
    let mut queue = queue(9, 1, &[9, 9]);
    let [g1, g2, k1] = [(A, GLM), (A, GLM), (A, KIMI)].map(|(sharer, line)| queue.join(sharer, line));
    for ticket in [g1, k1, g2] {
        assert_eq!(admitted(&mut queue), [ticket]);
        queue.leave(ticket);
    }
}

#[test]
fn who_gave_up_is_not_admitted() {
    let mut queue = queue(9, 99, &[9]);
    let [a1, a2, b1] = [A, A, B].map(|sharer| queue.join(sharer, GLM));
    queue.leave(a1);
    queue.leave(b1);
    queue.leave(b1);
    assert_eq!((queue.waiting(GLM), queue.position(a1), queue.position(a2)), (1, None, Some((1, 1))));
    assert_eq!(admitted(&mut queue), [a2]);
    assert_eq!(queue.position(a2), None);
}

/// Whatever is done in whatever order: bounds hold, no place stays empty that somebody may take, and nothing is left at
/// the end.
#[test]
fn bounds_hold_in_random_histories() {
    for seed in 1..=200_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = |bound: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % bound as u64).unwrap()
        };
        let mut queue = queue(3, 5, &[2, 4]);
        let (mut inside, mut placed) = (Vec::new(), Vec::new());
        for _ in 0..300 {
            if inside.is_empty() || next(5) < 3 {
                let (sharer, line) = (next(4) as Sharer, next(2));
                inside.push((queue.join(sharer, line), sharer, line));
            } else {
                let (ticket, ..) = inside.swap_remove(next(inside.len()));
                queue.leave(ticket);
                placed.retain(|other| *other != ticket);
            }
            placed.extend(admitted(&mut queue));
            let holds = |wanted: &dyn Fn(Sharer, usize) -> bool| {
                inside.iter().filter(|(t, s, l)| placed.contains(t) && wanted(*s, *l)).count()
            };
            assert!(placed.len() <= 5 && holds(&|_, l| l == 0) <= 2 && holds(&|_, l| l == 1) <= 4);
            for (ticket, sharer, line) in &inside {
                let own = holds(&|s, _| s == *sharer);
                assert!(own <= 3, "seed {seed}");
                let room = placed.len() < 5 && own < 3 && holds(&|_, l| l == *line) < [2, 4][*line];
                assert!(placed.contains(ticket) || !room, "seed {seed}: a place stays empty");
            }
            for line in [0, 1] {
                let waiting = inside.iter().filter(|(t, _, l)| *l == line && !placed.contains(t));
                let mut positions: Vec<_> = waiting.map(|(t, ..)| queue.position(*t).unwrap().0).collect();
                positions.sort_unstable();
                assert!(positions.iter().copied().eq(1..=queue.waiting(line)), "seed {seed}: {positions:?}");
            }
        }
        for (ticket, ..) in inside {
            queue.leave(ticket);
        }
        assert!(queue.entries.is_empty() && queue.taken_by.is_empty(), "seed {seed}");
        assert!(queue.lines.iter().all(|line| line.taken + line.waiting + line.turns.len() == 0));
    }
}

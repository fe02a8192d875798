use std::sync::Arc;

use super::{FairQueue, LineName, Share, Sharer, Ticket};
use crate::config::Bounds;

const A: Sharer = 1;
const B: Sharer = 2;
const C: Sharer = 3;
const GLM: usize = 0;
const KIMI: usize = 1;

fn queue(each: usize, all: usize, places: &[u32]) -> FairQueue {
    let share = |places: &u32| Share { places: *places, is_usable: true };
    FairQueue::new(Bounds { each, all, waiting: usize::MAX }, places.iter().map(share))
}

fn line(provider: usize, model: &str) -> LineName {
    (provider, Arc::from(model))
}

/// Joins the line of a provider's only model, which has no limit of its own.
fn join(queue: &mut FairQueue, sharer: Sharer, provider: usize) -> Ticket {
    queue.join(sharer, line(provider, "m"), 1000).unwrap()
}

fn admitted(queue: &mut FairQueue) -> Vec<Ticket> {
    std::iter::from_fn(|| queue.admit()).collect()
}

#[test]
fn sessions_take_turns_and_each_is_served_in_order() {
    let mut queue = queue(9, 99, &[1]);
    let [a1, a2, a3, b1, c1, c2] = [A, A, A, B, C, C].map(|sharer| join(&mut queue, sharer, GLM));
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
            join(&mut queue, sharer, GLM);
        }
    }
    assert_eq!(admitted(&mut queue).len(), 2);
    let kimi = join(&mut queue, 10, KIMI);
    assert_eq!(admitted(&mut queue), [kimi], "though its own session waits at the other");
}

#[test]
fn a_turn_at_one_provider_costs_none_at_another() {
    let mut queue = queue(9, 99, &[1, 1]);
    let held = join(&mut queue, C, GLM);
    admitted(&mut queue);
    let (b, a) = (join(&mut queue, B, GLM), join(&mut queue, A, GLM));
    for _ in 0..5 {
        let busy = join(&mut queue, B, KIMI);
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
    let [a1, a2, b1, b2] = [A, A, B, B].map(|sharer| join(&mut queue, sharer, GLM));
    assert_eq!(admitted(&mut queue), [a1, b1]);
    queue.leave(b1);
    assert_eq!(admitted(&mut queue), [b2], "only b has a turn again");
    queue.leave(a1);
    assert_eq!(admitted(&mut queue), [a2]);
}

#[test]
fn where_the_bound_of_all_binds_providers_take_turns() {
    let mut queue = queue(9, 1, &[9, 9]);
    let [g1, g2, k1] = [(A, GLM), (A, GLM), (A, KIMI)].map(|(sharer, at)| join(&mut queue, sharer, at));
    for ticket in [g1, k1, g2] {
        assert_eq!(admitted(&mut queue), [ticket]);
        queue.leave(ticket);
    }
}

#[test]
fn who_gave_up_is_not_admitted() {
    let mut queue = queue(9, 99, &[9]);
    let [a1, a2, b1] = [A, A, B].map(|sharer| join(&mut queue, sharer, GLM));
    queue.leave(a1);
    queue.leave(b1);
    queue.leave(b1);
    assert_eq!((queue.waiting(GLM), queue.position(a1), queue.position(a2)), (1, None, Some((1, 1))));
    assert_eq!(admitted(&mut queue), [a2]);
    assert_eq!(queue.position(a2), None);
}

#[test]
fn models_of_one_provider_have_lines_and_limits_of_their_own_below_its() {
    let mut queue = queue(99, 99, &[3]);
    let mut join = |model: &str, places| queue.join(A, line(GLM, model), places).unwrap();
    let [deep1, deep2] = [join("deep", 1), join("deep", 1)];
    let fast: Vec<_> = (0..3).map(|_| join("fast", 16)).collect();
    assert_eq!(admitted(&mut queue), [deep1, fast[0], fast[1]], "three at the provider");
    assert!(queue.is_full(&line(GLM, "deep")) && queue.is_full(&line(GLM, "other")));
    queue.leave(fast[0]);
    assert_eq!(admitted(&mut queue), [fast[2]], "one at a time of the deep one");
    assert_eq!(queue.position(deep2), Some((1, 1)));
    queue.leave(fast[1]);
    queue.set_places(&line(GLM, "deep"), 2);
    assert_eq!(admitted(&mut queue), [deep2]);
}

#[test]
fn a_limit_that_shrinks_takes_no_place_away() {
    let mut queue = queue(99, 99, &[16]);
    let all: Vec<_> = (0..6).map(|_| queue.join(A, line(GLM, "m"), 4).unwrap()).collect();
    assert_eq!(admitted(&mut queue), all[..4]);
    queue.set_places(&line(GLM, "m"), 2);
    for ticket in &all[..2] {
        queue.leave(*ticket);
        assert_eq!(admitted(&mut queue), []);
    }
    queue.leave(all[2]);
    assert_eq!(admitted(&mut queue), [all[4]]);
}

#[test]
fn a_provider_never_takes_what_is_kept_for_others() {
    let mut queue = queue(64, 256, &[1000, 1000, 2]);
    for sharer in 10..14 {
        for _ in 0..100 {
            join(&mut queue, sharer, GLM);
        }
    }
    // Of all, 4 are kept for the second and 2 for the third; of each session's 64 too.
    assert_eq!(admitted(&mut queue).len(), 4 * 58);
    for _ in 0..2 {
        for provider in [KIMI, KIMI, 2] {
            let ticket = join(&mut queue, 10, provider);
            assert_eq!(admitted(&mut queue), [ticket], "though its session's others are all stuck");
        }
    }
    for _ in 0..300 {
        join(&mut queue, 99, GLM);
    }
    assert_eq!(admitted(&mut queue).len(), 256 - 4 * 58 - 6, "used places need not be kept");
}

#[test]
fn nothing_is_kept_for_a_provider_that_can_not_be_asked() {
    let shares = [true, false].map(|is_usable| Share { places: 9, is_usable });
    let bounds = Bounds { each: 9, all: 5, waiting: 3 };
    let mut queue = FairQueue::new(bounds, shares);
    for _ in 0..9 {
        join(&mut queue, A, GLM);
    }
    assert_eq!(admitted(&mut queue).len(), 5, "and as many wait as will: nobody else is there");
}

#[test]
fn where_there_are_others_only_so_many_wait_for_one() {
    let shares = [Share { places: 1, is_usable: true }; 2];
    let mut queue = FairQueue::new(Bounds { each: 9, all: 9, waiting: 3 }, shares);
    let first = join(&mut queue, A, GLM);
    admitted(&mut queue);
    for _ in 0..3 {
        join(&mut queue, A, GLM);
    }
    assert_eq!(queue.join(B, line(GLM, "other"), 9), None);
    assert!(queue.join(B, line(KIMI, "m"), 9).is_some());
    queue.leave(first);
    admitted(&mut queue);
    assert!(queue.join(B, line(GLM, "other"), 9).is_some());
}

#[test]
fn no_session_makes_others_be_turned_away() {
    let shares = [Share { places: 1, is_usable: true }; 2];
    let mut queue = FairQueue::new(Bounds { each: 9, all: 9, waiting: 8 }, shares);
    let placed = join(&mut queue, A, GLM);
    admitted(&mut queue);
    let mut own: Vec<_> = (0..5).map(|_| join(&mut queue, A, GLM)).collect();
    assert!(queue.stand(A, GLM), "who waits elsewhere counts, too");
    assert!(queue.join(A, line(GLM, "other"), 9).is_none() && !queue.stand(A, GLM));
    let others = [B, C].map(|sharer| join(&mut queue, sharer, GLM));
    assert!(queue.join(B, line(GLM, "m"), 9).is_none(), "eight in all");
    queue.leave(others[0]);
    assert!(queue.join(A, line(GLM, "m"), 9).is_none());
    queue.unstand(A, GLM);
    own.push(join(&mut queue, A, GLM));
    for ticket in own.into_iter().chain([placed, others[1]]) {
        queue.leave(ticket);
    }
    assert!(queue.providers.iter().all(|one| one.waiting == 0 && one.waiting_by.is_empty()));
}

/// An entry with its sharer and the index of its line.
type Placed = (Ticket, Sharer, usize);

const LINES: [(usize, &str); 4] = [(0, "a"), (0, "b"), (1, "a"), (2, "a")];

/// Places of each provider, and those kept for it: of all 18, of each sharer's 7.
const PROVIDERS: [(usize, usize, usize); 3] = [(10, 3, 1), (9, 3, 1), (1, 1, 1)];

fn holds(list: &[Placed], wanted: impl Fn(Sharer, usize) -> bool) -> usize {
    list.iter().filter(|(_, sharer, l)| wanted(*sharer, *l)).count()
}

fn taken_at(list: &[Placed], provider: usize) -> usize {
    holds(list, |_, l| LINES[l].0 == provider)
}

/// Whether one more would be within every bound.
fn has_room(list: &[Placed], places: &[u32; 4], sharer: Sharer, l: usize) -> bool {
    let own = LINES[l].0;
    let others = (0..3).filter(|other| *other != own);
    let kept = |(all, each): (usize, usize), other: usize| {
        let (_, kept_all, kept_each) = PROVIDERS[other];
        let by = holds(list, |s, l| s == sharer && LINES[l].0 == other);
        (all + kept_all.saturating_sub(taken_at(list, other)), each + kept_each.saturating_sub(by))
    };
    let (all, each) = others.fold((0, 0), kept);
    list.len() + all < 18
        && holds(list, |s, _| s == sharer) + each < 7
        && taken_at(list, own) < PROVIDERS[own].0
        && holds(list, |_, other| other == l) < places[l] as usize
}

/// Whatever is done in whatever order: bounds hold, nothing is taken that is kept for another, no place stays empty that
/// somebody may take, and nothing is left at the end.
#[test]
fn bounds_hold_in_random_histories() {
    for seed in 1..=300_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = |bound: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % bound as u64).unwrap()
        };
        let mut queue = queue(7, 18, &[10, 9, 1]);
        let mut places = [2_u32, 4, 3, 9];
        let (mut inside, mut placed) = (Vec::new(), Vec::<Placed>::new());
        for _ in 0..300 {
            match next(10) {
                0 => {
                    let (at, new) = (next(4), 1 + u32::try_from(next(6)).unwrap());
                    places[at] = new;
                    queue.set_places(&line(LINES[at].0, LINES[at].1), new);
                }
                n if n < 6 || inside.is_empty() => {
                    let (sharer, at) = (next(4) as Sharer, next(4));
                    let name = line(LINES[at].0, LINES[at].1);
                    inside.push((queue.join(sharer, name, places[at]).unwrap(), sharer, at));
                }
                _ => {
                    let (ticket, ..) = inside.swap_remove(next(inside.len()));
                    queue.leave(ticket);
                    placed.retain(|(other, ..)| *other != ticket);
                }
            }
            while let Some(ticket) = queue.admit() {
                let found = *inside.iter().find(|(other, ..)| *other == ticket).unwrap();
                assert!(
                    has_room(&placed, &places, found.1, found.2),
                    "seed {seed}: a place that is not there"
                );
                placed.push(found);
            }
            let is_placed = |ticket: Ticket| placed.iter().any(|(other, ..)| *other == ticket);
            for (ticket, sharer, l) in &inside {
                assert!(
                    is_placed(*ticket) || !has_room(&placed, &places, *sharer, *l),
                    "seed {seed}: an empty place"
                );
            }
            assert!(
                placed.len() <= 18 && (0..3).all(|one| taken_at(&placed, one) <= PROVIDERS[one].0),
                "seed {seed}"
            );
            for (at, (provider, model)) in LINES.iter().enumerate() {
                let waiting = inside.iter().filter(|(t, _, l)| *l == at && !is_placed(*t));
                let mut positions: Vec<_> = waiting.map(|(t, ..)| queue.position(*t).unwrap().0).collect();
                positions.sort_unstable();
                let known = queue.waiting_by_model(*provider).get(*model).copied().unwrap_or(0);
                assert!(positions.iter().copied().eq(1..=known), "seed {seed}: {positions:?}");
            }
        }
        for (ticket, ..) in inside {
            queue.leave(ticket);
        }
        assert!(
            queue.entries.is_empty() && queue.taken_by.is_empty() && queue.lines.is_empty(),
            "seed {seed}"
        );
        let is_empty = |one: &super::Provider| one.taken + one.waiting == 0 && one.waiting_by.is_empty();
        assert!(queue.providers.iter().all(is_empty) && queue.taken == 0);
    }
}

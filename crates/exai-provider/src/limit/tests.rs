use super::{Limit, Start};
use std::time::Duration;

const S: Duration = Duration::from_secs(1);

#[test]
fn it_halves_at_a_rate_limit_and_grows_by_one_with_twenty_answers() {
    let mut limit = Limit::new(Start::at(4), 16);
    assert_eq!(limit.get(), 4);
    for (second, left) in [(1, 2), (2, 1), (3, 1)] {
        limit.exceeded(second * S, second * S);
        assert_eq!(limit.get(), left);
    }
    for earned in 1..=20 {
        for _ in 0..20 {
            assert_eq!(limit.get(), earned.min(16));
            limit.answered();
        }
    }
    assert_eq!(limit.get(), 16, "never above what was set");
}

#[test]
fn those_that_were_under_way_together_count_once() {
    let mut limit = Limit::new(Start::at(16), 16);
    for began in [0, 1, 2, 5] {
        limit.exceeded(began * S, 5 * S);
    }
    assert_eq!(limit.get(), 8);
    limit.exceeded(6 * S, 7 * S);
    assert_eq!(limit.get(), 4, "it began under the limit of eight");
}

#[test]
fn a_rate_limit_takes_back_the_answers_towards_the_next_place() {
    let mut limit = Limit::new(Start::at(4), 16);
    (0..19).for_each(|_| limit.answered());
    limit.exceeded(S, S);
    (0..19).for_each(|_| limit.answered());
    assert_eq!(limit.get(), 2);
    limit.answered();
    assert_eq!(limit.get(), 3);
}

#[test]
fn what_may_take_one_alone_is_tried_with_one_first() {
    let careful = Start { untried: 1, tried: 4 };
    let mut limit = Limit::new(careful, 16);
    assert_eq!(limit.get(), 1);
    limit.proved();
    assert_eq!(limit.get(), 4);
    let mut limit = Limit::new(careful, 16);
    limit.exceeded(S, S);
    limit.proved();
    limit.answered();
    assert_eq!(limit.get(), 1, "it has shown that one is what it takes");
}

#[test]
fn nothing_chosen_is_below_one_or_above_the_most() {
    assert_eq!(Limit::new(Start { untried: 4, tried: 4 }, 2).get(), 2);
    assert_eq!(Limit::new(Start::at(0), 0).get(), 1);
    let mut limit = Limit::new(Start { untried: 1, tried: 4 }, 2);
    limit.answered();
    assert_eq!(limit.get(), 2);
}

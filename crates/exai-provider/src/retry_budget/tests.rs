use super::RetryBudget;
use std::time::Duration;

fn taken(budget: &mut RetryBudget, second: u64) -> usize {
    std::iter::from_fn(|| budget.take(Duration::from_secs(second)).then_some(())).take(1000).count()
}

#[test]
fn three_a_minute_are_always_there() {
    let mut budget = RetryBudget::default();
    assert_eq!(taken(&mut budget, 5), 3);
    assert_eq!(taken(&mut budget, 59), 0);
    assert_eq!(taken(&mut budget, 60), 3, "those of the first ten seconds are a minute old");
}

#[test]
fn of_many_requests_a_fifth_may_be_retries() {
    let mut budget = RetryBudget::default();
    (0..100).for_each(|n| budget.request(Duration::from_millis(n * 100)));
    assert_eq!(taken(&mut budget, 10), 20);
    budget.force(Duration::from_secs(11));
    assert_eq!(taken(&mut budget, 11), 0);
    assert_eq!(taken(&mut budget, 500), 3, "old requests earn nothing");
}

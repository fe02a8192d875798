use super::*;
use crate::memory::tests::Notebook;
use crate::transport::BoxFuture;

const PRICE: Price = Price { input: 1.0, output: 4.0, cached: None };
/// 2026-07-01, 23:00 UTC.
const EVENING: Duration = Duration::from_secs(1_782_946_800);

struct Wall(Mutex<Duration>);

impl Timer for Wall {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

struct Bed {
    memory: Arc<Notebook>,
    wall: Wall,
}

impl Bed {
    fn new() -> Self {
        Self { memory: Arc::default(), wall: Wall(Mutex::new(EVENING)) }
    }

    fn ledger(&self) -> Ledger {
        let recalled = Recalled::of(&*self.memory, self.wall.wall());
        Ledger::new("glm", Some(1_000_000), Arc::clone(&self.memory) as _, &recalled)
    }

    fn spent(&self, ledger: &Ledger) -> u64 {
        ledger.spent(self.wall.wall())
    }

    fn pass(&self, time: Duration) {
        *self.wall.0.lock().unwrap() += time;
    }
}

fn usage(prompt_tokens: u64, completion_tokens: u64, cached_tokens: u64) -> Option<Usage> {
    Some(Usage { prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens: 0 })
}

#[test]
fn a_request_costs_its_question_until_the_provider_has_told() {
    let bed = Bed::new();
    let ledger = bed.ledger();
    let charge = ledger.charge(&bed.wall, Some(PRICE), 100);
    assert_eq!(bed.spent(&ledger), 100_000);
    let cost = charge.settle(usage(120, 10, 0), true);
    assert_eq!(cost, Cost { nano_usd: Some(160_000), is_estimated: false });
    assert_eq!(bed.spent(&ledger), 160_000);
}

#[test]
fn what_was_refused_costs_nothing() {
    let bed = Bed::new();
    let ledger = bed.ledger();
    let cost = ledger.charge(&bed.wall, Some(PRICE), 100).settle(None, false);
    assert_eq!((cost, bed.spent(&ledger)), (Cost::default(), 0));
}

#[test]
fn what_nobody_told_is_estimated() {
    let bed = Bed::new();
    let ledger = bed.ledger();
    let stalled = ledger.charge(&bed.wall, Some(PRICE), 100).settle(None, true);
    assert_eq!(stalled, Cost { nano_usd: Some(100_000), is_estimated: true }, "the question alone");
    let cut = ledger.charge(&bed.wall, Some(PRICE), 100);
    cut.came(35);
    cut.came(70);
    assert_eq!(cut.settle(None, true).nano_usd, Some(180_000), "and the 20 tokens that came");
    let left = ledger.charge(&bed.wall, Some(PRICE), 100);
    left.came(70);
    drop(left);
    assert_eq!(bed.spent(&ledger), 460_000, "also of a call that was given up in the middle");
}

#[test]
fn tokens_that_have_no_price_of_their_own_count_as_others_and_are_not_told() {
    let bed = Bed::new();
    let ledger = bed.ledger();
    let cost = ledger.charge(&bed.wall, Some(PRICE), 1).settle(usage(100, 10, 50), true);
    assert_eq!((cost, bed.spent(&ledger)), (Cost { nano_usd: None, is_estimated: false }, 140_000));
    let unpriced = ledger.charge(&bed.wall, None, 1).settle(usage(100, 10, 0), true);
    assert_eq!((unpriced.nano_usd, bed.spent(&ledger)), (None, 140_000));
}

#[test]
fn a_day_is_remembered_and_the_next_begins_with_nothing() {
    let bed = Bed::new();
    let first = bed.ledger();
    first.charge(&bed.wall, Some(PRICE), 0).settle(usage(100, 0, 0), true);
    let second = bed.ledger();
    assert_eq!(bed.spent(&second), 100_000);
    let over_midnight = second.charge(&bed.wall, Some(PRICE), 50);
    bed.pass(Duration::from_secs(2 * 3600));
    assert_eq!(bed.spent(&second), 0);
    over_midnight.settle(usage(60, 0, 0), true);
    assert_eq!(bed.spent(&second), 10_000, "50 tokens of it were charged the day before");
    assert_eq!(bed.spent(&bed.ledger()), 10_000);
    let kept = bed.memory.all();
    assert_eq!((kept.len(), kept[0].0.as_str()), (1, "spend/glm"));
    assert_eq!(kept[0].1.until, EVENING + Duration::from_secs(25 * 3600));
}

#[test]
fn what_is_remembered_and_makes_no_sense_is_nothing() {
    let bed = Bed::new();
    let until = midnight(EVENING);
    for body in ["", "{}", "{\"day\":\"x\"}", "[1,2"] {
        bed.memory.put("spend/glm", Some(Remembered { until, body: body.to_owned() }));
        assert_eq!(bed.spent(&bed.ledger()), 0, "{body}");
    }
}

#[test]
fn midnight_is_the_end_of_the_day() {
    assert_eq!(midnight(EVENING), EVENING + Duration::from_secs(3600));
    assert_eq!(midnight(midnight(EVENING)), EVENING + Duration::from_secs(25 * 3600));
}

use super::*;
use crate::backoff::Jitter;
use crate::circuits::Limits;
use crate::config::Bounds;
use crate::fair_queue::Share;
use crate::limit::Start;
use crate::memory::{Forgetful, Recalled};
use crate::transport::BoxFuture;

/// Tokio's paused clock.
struct Clock(tokio::time::Instant);

impl Clock {
    fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Timer for Clock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.0 + at))
    }
}

const S: Duration = Duration::from_secs(1);

fn alone(places: u32) -> ProviderState {
    named("p", places)
}

fn named(name: &str, places: u32) -> ProviderState {
    let config = ProviderConfig { max_concurrency: places, ..ProviderConfig::new(name, "http://h") };
    let share = Share { places, is_usable: true };
    let ledger = Ledger::new(name, None, Arc::new(Forgetful), &Recalled::default());
    let pace = Pace::new(&config, Arc::new(Forgetful), &Recalled::default(), Moment::default());
    ProviderState::new(&config, Places::new(Bounds::default(), [share]), 0, ledger, pace)
}

fn health(state: &ProviderState, now: Duration) -> ProviderHealth {
    state.health(Moment { now, wall: now }, &Circuits::new([], Jitter::new(1), Arc::new(Forgetful)))
}

fn line() -> LineName {
    (0, Arc::from("m"))
}

/// Of which the models take 99 requests at a time.
fn circuits() -> Circuits {
    let start = Start::at(99);
    let limits = Limits { name: "p".to_owned(), fingerprint: "p".to_owned(), start, most: 99 };
    Circuits::new([limits], Jitter::new(1), Arc::new(Forgetful))
}

async fn admit<'a>(
    state: &'a ProviderState,
    clock: &Clock,
    sharer: u128,
    until: Duration,
) -> Result<FreePlace<'a>, NoPlace> {
    let wish = Wish { sharer, until: &|| until, told: &|_, _| {} };
    state.admit(clock, &line(), &circuits(), wish).await
}

#[tokio::test(start_paused = true)]
async fn a_place_is_waited_for_with_a_deadline_and_freed_by_dropping() {
    let (state, clock) = (alone(1), Clock::new());
    let first = admit(&state, &clock, 1, S).await.map_err(|_| "no place").unwrap();
    assert!(state.is_full(&line()));
    assert!(admit(&state, &clock, 1, 5 * S).await.is_err());
    assert_eq!(clock.now().as_secs(), 5);
    assert_eq!(health(&state, clock.now()).oldest_ms, Some(5000));
    drop(first);
    assert!(admit(&state, &clock, 1, clock.now()).await.is_ok());
    assert_eq!(health(&state, clock.now()).in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn sharers_take_turns_and_hear_their_position_when_it_changes() {
    let (state, clock) = (alone(1), Clock::new());
    let (order, heard) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let held = admit(&state, &clock, 1, S).await.map_err(|_| "no place").unwrap();
    let one = |n: usize, sharer: u128| {
        let (state, clock, order, heard) = (&state, &clock, &order, &heard);
        async move {
            let told = |position, all| heard.lock().unwrap().push((n, position, all));
            let wish = Wish { sharer, until: &|| 60 * S, told: &told };
            let _place =
                state.admit(clock, &line(), &circuits(), wish).await.map_err(|_| "no place").unwrap();
            order.lock().unwrap().push(n);
            clock.sleep_until(clock.now() + 5 * S).await;
        }
    };
    let free = async {
        clock.sleep_until(3 * S + S / 2).await;
        assert_eq!(health(&state, clock.now()).waiting, 3);
        drop(held);
    };
    tokio::join!(one(0, 1), one(1, 1), one(2, 2), free);
    assert_eq!(*order.lock().unwrap(), [0, 2, 1]);
    let last: Vec<_> = heard.lock().unwrap().iter().copied().filter(|(n, ..)| *n == 1).collect();
    assert_eq!(last, [(1, 2, 2), (1, 3, 3), (1, 2, 2), (1, 1, 1)]);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_leaves_nothing_behind() {
    let (state, clock) = (alone(1), Clock::new());
    let held = admit(&state, &clock, 1, S).await.map_err(|_| "no place").unwrap();
    let gave_up = tokio::time::timeout(S, admit(&state, &clock, 1, 60 * S)).await;
    assert!(gave_up.is_err());
    assert_eq!(health(&state, clock.now()).waiting, 0);
    drop(held);
    assert!(!state.is_full(&line()));
    assert!(admit(&state, &clock, 2, clock.now()).await.is_ok());
}

#[test]
fn health_tells_of_the_last_end() {
    let state = alone(4);
    let told = || {
        let health = health(&state, 10 * S);
        (health.state, health.last_error, health.failures)
    };
    assert_eq!(told(), (HealthState::Unknown, None, 0));
    assert_eq!(health(&named("glm", 4), 10 * S).state, HealthState::NoKey);
    state.failed(S, Cause::Cut);
    state.failed(2 * S, Cause::AuthDead);
    assert_eq!(told(), (HealthState::Dead, Some("auth_dead"), 2));
    state.succeeded(3 * S);
    assert_eq!(told(), (HealthState::Ok, None, 0));
    state.failed(4 * S, Cause::Rate);
    assert_eq!(told(), (HealthState::Failing, Some("rate"), 1));
}

#[test]
fn what_a_question_or_one_model_had_of_it_is_no_fault_of_the_provider() {
    let state = alone(4);
    let told = || {
        let health = health(&state, 10 * S);
        (health.state, health.last_error, health.failures)
    };
    let nobodys = [Cause::BadRequest, Cause::Policy, Cause::ContextOverflow, Cause::ModelGone];
    nobodys.into_iter().for_each(|cause| state.failed(S, cause));
    assert_eq!(told(), (HealthState::Unknown, None, 0));
    state.succeeded(2 * S);
    nobodys.into_iter().for_each(|cause| state.failed(3 * S, cause));
    assert_eq!(told(), (HealthState::Ok, None, 0));
}

use super::*;
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

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.0 + at))
    }
}

const S: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_place_is_waited_for_with_a_deadline_and_freed_by_dropping() {
    let (state, clock) = (ProviderState::new("p", 1), Clock::new());
    let first = state.admit(&clock, S).await.map_err(|_| "no place").unwrap();
    assert!(state.is_full());
    assert!(state.admit(&clock, 5 * S).await.is_err());
    assert_eq!(clock.now().as_secs(), 5);
    assert_eq!(state.health(clock.now(), KeyState::Present).oldest_ms, Some(5000));
    drop(first);
    assert!(state.admit(&clock, clock.now()).await.is_ok());
    assert_eq!(state.health(clock.now(), KeyState::Present).in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn first_come_is_first_served() {
    let (state, clock) = (ProviderState::new("p", 1), Clock::new());
    let order = Mutex::new(Vec::new());
    let held = state.admit(&clock, S).await.map_err(|_| "no place").unwrap();
    let one = |n: usize| {
        let (state, clock, order) = (&state, &clock, &order);
        async move {
            let _place = state.admit(clock, 60 * S).await.map_err(|_| "no place").unwrap();
            order.lock().unwrap().push(n);
            clock.sleep_until(clock.now() + S).await;
        }
    };
    let free = async {
        clock.sleep_until(S).await;
        assert_eq!(state.health(clock.now(), KeyState::Present).waiting, 3);
        drop(held);
    };
    tokio::join!(one(0), one(1), one(2), free);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_leaves_nothing_behind() {
    let (state, clock) = (ProviderState::new("p", 1), Clock::new());
    let held = state.admit(&clock, S).await.map_err(|_| "no place").unwrap();
    let gave_up = tokio::time::timeout(S, state.admit(&clock, 60 * S)).await;
    assert!(gave_up.is_err());
    assert_eq!(state.health(clock.now(), KeyState::Present).waiting, 0);
    drop(held);
    assert!(!state.is_full());
}

#[test]
fn the_queue_is_bounded() {
    let count = AtomicU32::new(0);
    let all: Vec<_> = (0..WAITING_MAX + 9).filter_map(|_| Waiting::join(&count).ok()).collect();
    assert_eq!(all.len(), WAITING_MAX as usize);
    drop(all);
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[test]
fn health_tells_of_the_last_end() {
    let state = ProviderState::new("p", 4);
    let told = |key| {
        let health = state.health(10 * S, key);
        (health.state, health.last_error, health.failures)
    };
    assert_eq!(told(KeyState::Present), (HealthState::Unknown, None, 0));
    assert_eq!(told(KeyState::Missing).0, HealthState::NoKey);
    state.failed(S, Cause::Cut);
    state.failed(2 * S, Cause::AuthDead);
    assert_eq!(told(KeyState::Present), (HealthState::Dead, Some("auth_dead"), 2));
    state.succeeded(3 * S);
    assert_eq!(told(KeyState::Present), (HealthState::Ok, None, 0));
    state.failed(4 * S, Cause::Rate);
    assert_eq!(told(KeyState::Present), (HealthState::Failing, Some("rate"), 1));
}

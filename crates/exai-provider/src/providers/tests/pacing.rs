//! How many requests a minute go out.

use std::sync::Arc;

use super::pausing::many;
use super::world::*;
use crate::memory::tests::Notebook;
use crate::*;

/// A daemon that may ask four times a minute, one of them at once.
fn begun(memory: &Arc<Notebook>) -> World {
    let slowly = |config: &mut ProvidersConfig| config.providers[0].requests_per_minute = Some(4);
    World::of_models(MODELS, Arc::clone(memory) as _, many(&says("x"), 4), vec![], slowly)
}

#[tokio::test(start_paused = true)]
async fn a_restart_begins_no_new_minute() {
    let memory = Arc::default();
    begun(&memory).ask(Some("glm-fast"), 1200).await.unwrap();
    let next = begun(&memory);
    next.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!(next.requests_at("glm"), [15], "behind that of the first");
}

/// Where no rate is set nothing is written down.
#[tokio::test(start_paused = true)]
async fn who_has_no_rate_remembers_none() {
    let memory = Arc::<Notebook>::default();
    let world = World::of_models(MODELS, Arc::clone(&memory) as _, vec![says("x")], vec![], |_| {});
    world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert!(memory.all().iter().all(|(name, _)| !name.starts_with("rate/")));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_rate_is_not_said_to_run() {
    let world = begun(&Arc::default());
    let ask = || world.ask(Some("glm-fast"), 1200);
    ask().await.unwrap();
    let look = async {
        tokio::time::sleep(5 * S).await;
        let health = world.providers.health().remove(0);
        assert_eq!((health.in_flight, health.waiting, health.oldest_ms), (0, 2, None));
        let key = health.keys.iter().find(|key| key.model.is_some()).unwrap();
        assert_eq!((key.in_flight, key.waiting), (0, 2));
    };
    let (one, other, ()) = tokio::join!(ask(), ask(), look);
    assert!(one.is_ok() && other.is_ok());
    let health = world.providers.health().remove(0);
    assert_eq!((health.in_flight, health.waiting), (0, 0));
}

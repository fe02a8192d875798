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

//! The faults that a provider can have, by number: what comes of each, after how many requests, and after how long. Those of
//! sockets alone stand in exai-http, those of whole processes in exai; `cargo xtask tidy` looks that no number is missing.

mod calls;
mod connecting;
mod ends;
mod leaving;
mod refusals;
mod silence;
mod sleeping;
mod slow;
mod stuck;
mod table;
mod wire;

use std::time::Duration;

use super::world::*;
use crate::*;

/// A call under a fault, when it is over. Whatever is no part of the fault takes no time.
struct Played {
    world: World,
    outcome: Result<Reply, Failure>,
    took: Duration,
    /// Requests to GLM, and to Kimi.
    counts: (usize, usize),
    /// How long the same took where a model that thinks was asked first.
    thinking: Option<Duration>,
}

/// Asks a fast model of GLM's, behind which there is one of Kimi's, with the clocks that are the default; and once more a
/// model that thinks, of which the same must come.
async fn play(glm: Vec<Answer>, kimi: Vec<Answer>) -> Played {
    let (fast, deep) = play_both(glm, kimi).await;
    assert_eq!((fast.counts, fast.causes()), (deep.counts, deep.causes()), "with a model that thinks");
    Played { thinking: Some(deep.took), ..fast }
}

/// Asks both.
async fn play_both(glm: Vec<Answer>, kimi: Vec<Answer>) -> (Played, Played) {
    let thinks = |config: &mut ProvidersConfig| config.default_model = Some("glm-deep".to_owned());
    let deep = play_once(World::with(glm.clone(), kimi.clone(), thinks), None).await;
    (play_once(World::new(glm, kimi), None).await, deep)
}

/// Asks this model.
async fn play_once(world: World, model: Option<&str>) -> Played {
    let outcome = world.ask(model, 1200).await;
    Played::new(world, outcome)
}

/// Asks once more, after so many calls that had the same fault.
async fn play_after(calls: usize, world: World) -> Played {
    for _ in 0..calls {
        let _ = world.ask(None, 1200).await;
    }
    let (began, before) = (world.clock.now(), counts(&world));
    let played = play_once(world, None).await;
    let (glm, kimi) = played.counts;
    Played { took: played.took - began, counts: (glm - before.0, kimi - before.1), ..played }
}

fn counts(world: &World) -> (usize, usize) {
    (world.requests_at("glm").len(), world.requests_at("kimi").len())
}

impl Played {
    /// The clock of a world goes on with that of the next, and is read as soon as the call is over.
    fn new(world: World, outcome: Result<Reply, Failure>) -> Self {
        let (took, counts) = (world.clock.now(), counts(&world));
        Self { world, outcome, took, counts, thinking: None }
    }

    fn reply(&self) -> &Reply {
        self.outcome.as_ref().unwrap()
    }

    fn attempts(&self) -> &[AttemptReport] {
        self.outcome.as_ref().map_or_else(|failure| &failure.attempts, |reply| &reply.attempts)
    }

    fn causes(&self) -> Vec<String> {
        causes(self.attempts())
    }

    /// The answer is this text, after these attempts, each with a request of its own; nothing stays open.
    fn is(self, text: &str, causes: &[&str]) -> Self {
        assert_eq!((self.reply().text.as_str(), self.causes()), (text, owned(causes)));
        assert_eq!(self.world.requests().len(), causes.len());
        assert_eq!(self.world.open(), 0);
        self
    }

    /// There is none, after these attempts.
    fn fails(self, causes: &[&str]) -> Self {
        assert!(self.outcome.is_err(), "{:?}", self.outcome);
        assert_eq!((self.causes(), self.world.requests().len()), (owned(causes), causes.len()));
        assert_eq!(self.world.open(), 0);
        self
    }

    /// The answer came after so many seconds; and after so many, where a model that thinks was asked first.
    fn after(self, fast: u64, thinking: u64) -> Self {
        let thinks = self.thinking.map(|time| time.as_secs());
        assert_eq!((self.took.as_secs(), thinks), (fast, Some(thinking)));
        self
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

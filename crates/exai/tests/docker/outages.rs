//! What happens to containers, with calls idle and in flight. Each prints what its hosts saw.
//!
//! A call that had no answer yet is asked again, and every request for it is told, with the journal of the daemon before and
//! without; what was finished is known for as long as the volume is there.

use std::time::Duration;

use exai_sim::process::pace;

use crate::engine::Engine;
use crate::view::{chat, watched, whole};
use crate::world::{Logs, World};

/// Pieces of the answers that are asked for again.
const CHUNKS: u64 = 5;

/// The longest that a call may take after the daemon is back: far above what it takes, far below a backoff that has
/// grown.
const SOON: Duration = Duration::from_secs(15);

/// A call in flight when it happens.
struct InFlight {
    /// Its first request is never answered, so that what happens can't come too late.
    prompt: &'static str,
    chunks: u64,
    /// Requests that its answer states, all of which the provider has seen.
    requests: u64,
}

/// The provider's answer breaks off with its reader, and is asked for again.
const LOST: InFlight =
    InFlight { prompt: "[[sim 1: after=2 stall]] [[sim: chunks=5]] in flight", chunks: CHUNKS, requests: 2 };

/// The provider's answer goes on, and is read on.
const KEPT: InFlight = InFlight { prompt: "[[sim: chunks=60 gap=300ms]] in flight", chunks: 60, requests: 1 };

/// What becomes of the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Volume {
    Kept,
    Deleted,
}

/// Lets it happen twice, to hosts at rest and with a call in flight, and tells what they saw.
fn observe(
    what: &str,
    engine: &Engine,
    volume: Volume,
    in_flight: &InFlight,
    happening: impl Fn(&World) + Sync,
) {
    let world = World::new(engine, Logs::Everybodys);
    let (resting, busy, watching) = (world.host(), world.host(), world.host());
    let first = chat(&resting, "before");
    whole(&resting, &first, "before", 3);

    let ((), outage) = watched(&watching, || happening(&world));
    let calls = world.compose(&["exec", "-T", "exai", "/exai", "calls"]);
    assert_eq!(calls.contains("chat"), volume == Volume::Kept, "{what}: {calls}");
    let next = chat(&resting, "the next one");
    let answer = whole(&resting, &next, "the next one", 3);
    assert!(answer.after < SOON, "{what}: {:?} though the daemon is back", answer.after);
    assert_eq!((answer.stated_attempts(), world.requests("the next one").len()), (1, 1), "{what}");
    println!(
        "{what}, idle: the longest call meanwhile took {}, the next one afterwards {}",
        shown(outage),
        shown(answer.after)
    );

    let prompt = in_flight.prompt;
    let running = chat(&busy, prompt);
    world.wait_events(prompt, 2);
    let ((), outage) = watched(&watching, || happening(&world));
    let answer = whole(&busy, &running, prompt, in_flight.chunks);
    let requests = world.requests(prompt).len() as u64;
    assert_eq!((answer.stated_attempts(), requests), (in_flight.requests, in_flight.requests), "{what}");
    println!(
        "{what}, in flight: answered whole and once, {requests} requests made and told; it took {}, the longest other call \
         meanwhile {}",
        shown(answer.after),
        shown(outage)
    );
    world.wait_healthy();
    for host in [&resting, &busy, &watching] {
        host.transcript().check_complete().unwrap();
    }
}

fn shown(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

pub(crate) fn restart(engine: &Engine) {
    observe("restart", engine, Volume::Kept, &LOST, |world| drop(world.compose(&["restart"])));
}

pub(crate) fn kill(engine: &Engine) {
    observe("kill -s KILL, up", engine, Volume::Kept, &LOST, |world| {
        world.compose(&["kill", "-s", "KILL"]);
        world.compose(&["up", "--detach"]);
    });
}

pub(crate) fn pause_for_15_s(engine: &Engine) {
    observe("pause for 15 s", engine, Volume::Kept, &KEPT, |world| {
        world.compose(&["pause"]);
        pace(Duration::from_secs(15));
        world.compose(&["unpause"]);
    });
}

pub(crate) fn down_and_up_with_the_volume(engine: &Engine) {
    observe("down, up", engine, Volume::Kept, &LOST, |world| {
        world.compose(&["down"]);
        world.compose(&["up", "--detach"]);
    });
}

pub(crate) fn down_and_up_without_the_volume(engine: &Engine) {
    observe("down -v, up", engine, Volume::Deleted, &LOST, |world| {
        world.compose(&["down", "--volumes"]);
        world.compose(&["up", "--detach"]);
    });
}

/// A daemon that ends by itself, even in order, is started again by the engine.
pub(crate) fn an_end_and_the_restart_policy(engine: &Engine) {
    observe("the daemon ends by itself", engine, Volume::Kept, &LOST, |world| {
        // The engine kills what runs in a container whose first process has gone, this command too.
        let _ = world.try_compose(&["exec", "-T", "exai", "/exai", "stop"]);
        assert!(world.log().contains("draining reason=\"asked to stop\""), "{}", world.log());
    });
}

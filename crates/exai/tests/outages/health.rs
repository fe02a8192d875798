//! What a long call does to the health file, to progress, and to everybody else: nothing, progress, nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exai_sim::process::{HANG, pace};
use serde_json::Value;

use crate::world::{World, assert_orderly, assert_served, assert_whole, chat, chat_now};

/// How long the provider says nothing.
const STALL: Duration = Duration::from_secs(60);
/// The oldest that the health file may be; it is written every 2 s.
const OLDEST: Duration = Duration::from_secs(3);
/// Between two looks at the file.
const LOOK: Duration = Duration::from_millis(50);
/// Looks between two calls of others.
const LOOKS_A_CALL: u32 = 40;

/// Since 1970, as the health file counts.
fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

#[test]
fn a_stall_of_60_s_leaves_the_health_file_young_and_the_others_served() {
    let world = World::new();
    let daemon = world.daemon();
    let (host, other) = (world.host(), world.host());
    let prompt = "[[sim: after=1 pause=60s]] a hard one";
    let long = chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    assert_eq!(world.exai.run(&["health"], HANG).unwrap().status.code(), Some(0));

    let (mut oldest, mut busy, mut looks) = (Duration::ZERO, 0, 0);
    while world.requests(prompt).iter().all(|request| request.is_open()) {
        let before = wall();
        let health = world.exai.health().unwrap();
        let written = Duration::from_millis(health["written_at"].as_u64().unwrap());
        oldest = oldest.max(before.saturating_sub(written));
        busy += u32::from(is_busy(&health));
        looks += 1;
        if looks % LOOKS_A_CALL == 0 {
            assert_served(&other);
            assert_whole(&chat_now(&host, &format!("quick one {looks}")), &format!("quick one {looks}"), 3);
        }
        pace(LOOK);
    }
    let answer = host.wait(&long, HANG).unwrap();
    assert_whole(&answer, prompt, 3);
    assert!(answer.after >= STALL, "the stall took {:?} only", answer.after);
    assert!(oldest < OLDEST, "the health file was {oldest:?} old");
    // The last look may have come after the end of the call, and the first before the file was written for it.
    assert!(looks >= 3 * LOOKS_A_CALL && busy + 2 >= looks, "busy at {busy} of {looks} looks");
    let progress = host.transcript().progress_of(&long).len();
    assert!(progress >= 10, "{progress} notifications in 60 s");
    assert_eq!(world.requests(prompt).len(), 1);
    assert!(daemon.child().status().is_none());
    assert_orderly(&host);
    assert_orderly(&other);
}

/// What the file says while the call runs; `stalled` would be a lie, and `ready` as well.
fn is_busy(health: &Value) -> bool {
    health["state"] == "busy" && health["in_flight"].as_u64() >= Some(1)
}

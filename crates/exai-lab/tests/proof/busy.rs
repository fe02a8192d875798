//! Busy is never dead: the part of the daemon that proves life shares no thread with the part that works.

use std::time::Duration;

use exai_sim::host::Progress;
use exai_sim::process::{pace, poll};
use serde_json::json;

use crate::world::{PATIENCE, World};

/// Longer than silence is taken for death (8 s), twice over.
const HOGGED: Duration = Duration::from_secs(18);

/// Eight calls that never give their thread back, each for half of that: two threads have them for much longer.
fn hog(world: &World) -> exai_sim::host::Host {
    let host = world.host();
    host.ask("listmodels", json!({})).unwrap();
    for _ in 0..8 {
        host.call("hog", json!({"ms": 9_000}), Progress::Wanted).unwrap();
    }
    host
}

fn losses(world: &World) -> usize {
    let log = std::fs::read_to_string(world.exai.state_dir().join("logs/shim.log")).unwrap_or_default();
    log.lines().filter(|line| line.contains("session lost")).count()
}

#[test]
fn a_daemon_whose_every_work_thread_is_taken_is_not_called_dead() {
    let world = World::new();
    let _daemon = world.daemon();
    let host = hog(&world);
    pace(HOGGED);
    assert_eq!(losses(&world), 0);
    host.ask("version", json!({})).unwrap();
    assert!(host.child().status().is_none());
}

#[test]
fn the_seeded_bug_that_puts_life_signs_among_the_work_is_noticed() {
    let mut world = World::new();
    let _daemon = world.faulty_daemon("EXAI_BUG", "heartbeat-on-work");
    let _host = hog(&world);
    poll(PATIENCE, || (losses(&world) > 0).then_some(())).expect("a daemon that is called dead");
}

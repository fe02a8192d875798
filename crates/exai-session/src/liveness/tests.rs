use super::*;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn silence_makes_suspect_after_five_and_dead_after_eight_seconds() {
    let mut life = Liveness::new(secs(100));
    life.heard(secs(101));
    assert_eq!((life.suspect_at(), life.dead_at()), (secs(106), secs(109)));
}

#[test]
fn a_punctual_tick_changes_nothing() {
    let mut life = Liveness::new(secs(100));
    life.ticked(secs(105), secs(106));
    assert_eq!(life.dead_at(), secs(108));
}

#[test]
fn the_own_pause_is_not_held_against_the_peer() {
    let mut life = Liveness::new(secs(100));
    life.ticked(secs(102), secs(4000));
    assert_eq!(life.dead_at(), secs(4003));
}

#[test]
fn a_peer_that_died_is_found_although_we_keep_pausing() {
    let mut life = Liveness::new(secs(0));
    for start in [100, 200, 300] {
        life.ticked(secs(start), secs(start + 50));
    }
    assert_eq!(life.dead_at(), secs(250 - 5 + 8), "the third pause in a row gives no more credit");
    life.heard(secs(400));
    life.ticked(secs(402), secs(500));
    assert_eq!(life.dead_at(), secs(503), "a sign of life restores the credit");
}

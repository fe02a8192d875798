//! F01, F02: no connection comes about. That an address without an answer and a TLS handshake that stalls end at the connect
//! clock, exai-http shows on sockets.

use super::*;

#[tokio::test(start_paused = true)]
pub(super) async fn f01_a_refused_connection_is_tried_thrice_and_costs_no_attempt() {
    let played = play(vec![Answer::Refused; 3], vec![says("kimi")]).await;
    let played = played.is("kimi", &["glm:connect", "glm:connect", "glm:connect", "kimi:ok"]);
    assert!(played.took < S * 10, "sooner than the connect clock");
    assert!(played.attempts().iter().all(|one| one.n == 1));
    assert_eq!(played.attempts().iter().filter(|one| one.billed).count(), 1);
    assert_eq!(
        played.world.granted(),
        ["1 glm/glm-fast", "1 glm/glm-fast", "1 glm/glm-fast", "1 kimi/kimi-fast"],
        "kept under the name of whom it went to"
    );
    played.row("F01", "refuses the connection");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f01_f02_a_blackhole_costs_one_connect_timeout_before_the_next_is_asked() {
    let played = play(vec![Answer::Blackhole(10 * S)], vec![says("kimi")]).await;
    let played = played.is("kimi", &["glm:connect", "kimi:ok"]).after(10, 10);
    assert_eq!((played.world.requests_at("glm"), played.world.requests_at("kimi")), (vec![0], vec![10]));
    assert_eq!(played.attempts().iter().map(|one| one.billed).collect::<Vec<_>>(), [false, true]);
    played.row("F01, F02", "answers no dial, or stalls in the TLS handshake");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f01_f02_a_blackhole_is_asked_again_where_nobody_else_is_left() {
    let world = World::new(vec![Answer::Blackhole(10 * S), Answer::Blackhole(10 * S), says("x")], vec![]);
    let played = play_once(world, Some("glm-fast")).await;
    let played = played.is("x", &["glm:connect", "glm:connect", "glm:ok"]);
    played.row("F01, F02", "the same twice, and there is no fallback");
}

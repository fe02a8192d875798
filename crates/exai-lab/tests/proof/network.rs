//! Networks that break connections or swallow what is sent, with a daemon that lives on: rows 11 and 12 of the crash table.

use exai_sim::process::{HANG, Port, Proxy};
use exai_sim::provider::answer_to;

use crate::world::{PATIENCE, World, assert_orderly};

/// A daemon at a known address, and shims that reach it through a proxy.
fn behind_a_proxy() -> (World, Proxy, Port) {
    let port = Port::reserve().unwrap();
    let number = port.number().to_string();
    let mut world = World::with(&[("EXAI_WS_HOST", "127.0.0.1"), ("EXAI_WS_PORT", &number)]);
    let proxy = Proxy::start(([127, 0, 0, 1], port.number()).into()).unwrap();
    world.exai.set("EXAI_WS_URL", &format!("ws://{}/", proxy.address()));
    (world, proxy, port)
}

#[test]
fn a_connection_that_breaks_costs_a_moment() {
    let (world, proxy, _port) = behind_a_proxy();
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=10 gap=200ms]] cut off";
    let pending = world.chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    for _ in 0..3 {
        proxy.cut();
        host.ask("listmodels", crate::world::empty()).unwrap();
    }
    let answer = host.wait(&pending, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to(prompt, 10)), "{}", answer.line);
    assert_eq!((world.requests(prompt).len(), answer.stated_attempts()), (1, 1));
    assert_orderly(&host);
}

#[test]
fn what_is_swallowed_in_silence_is_noticed_and_asked_for_again() {
    let (world, proxy, _port) = behind_a_proxy();
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=5 gap=200ms]] into the void";
    let pending = world.chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    proxy.swallow();
    // The answer is made, and lost on its way; nobody is told.
    assert_eq!(world.requests(prompt).len(), 1);
    let lost = |text: &str| text.lines().filter(|line| line.contains("session lost")).count() > 0;
    let log = world.exai.state_dir().join("logs/shim.log");
    exai_sim::process::poll(PATIENCE, || {
        std::fs::read_to_string(&log).ok().filter(|text| lost(text)).map(drop)
    })
    .unwrap();
    assert!(host.answer(&pending).is_none());
    proxy.heal();
    let answer = host.wait(&pending, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to(prompt, 5)), "{}", answer.line);
    assert_eq!((world.requests(prompt).len(), answer.stated_attempts()), (1, 1));
    assert_orderly(&host);
}

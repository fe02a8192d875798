//! No daemon, for long or for ever.

use std::time::Duration;

use exai_sim::process::{HANG, Port};
use serde_json::Value;

use crate::world::{
    World, assert_orderly, assert_served, assert_whole, chat, chat_now, configured, failure_of, text_of,
};

#[test]
fn a_shim_whose_daemon_stays_away_stays_and_says_what_is_wrong() {
    let port = Port::reserve().unwrap();
    let world = configured(&port, &[("EXAI_HOLD", "2s"), ("EXAI_AUTOSTART", "auto")]);
    let host = world.host();
    let tools = host.list_tools().unwrap();
    let answer = chat_now(&host, "anybody?");
    assert!(answer.after >= Duration::from_secs(2), "held for {:?} only", answer.after);
    let sentence = failure_of(&answer);
    let address = port.address().to_string();
    for word in [address.as_str(), "refused", "exai daemon", "EXAI_WS_PORT", "was not run"] {
        assert!(sentence.contains(word), "{word:?} is not in {sentence}");
    }
    for tool in ["status", "version"] {
        let text = text_of(&host.ask(tool, Value::Null).unwrap());
        assert!(text.contains(&address) && text.contains("out of reach"), "{tool}: {text}");
    }
    assert_eq!(host.list_tools().unwrap(), tools);
    host.wait(&host.request("ping", Value::Null).unwrap(), HANG).unwrap();
    assert!(host.child().status().is_none(), "the shim has left");
    assert!(!world.exai.processes().iter().any(|process| process.is("daemon")), "not with an address");

    let _daemon = world.daemon();
    assert_whole(&chat_now(&host, "and now?"), "and now?", 3);
    assert_orderly(&host);
}

#[test]
fn a_shim_that_is_allowed_to_leave_answers_what_is_open_and_exits_with_75() {
    let port = Port::reserve().unwrap();
    let world = configured(&port, &[("EXAI_SHIM_EXIT_AFTER", "2s")]);
    let daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: after=1 stall]] running";
    let running = chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    daemon.kill().unwrap();
    // Held by their tokens far beyond the outage that is allowed.
    let held = chat(&host, "held");
    let exit = host.wait_exit(HANG).unwrap();
    assert_eq!(exit.status.code(), Some(75));
    for (pending, fate) in [(running, "may have run"), (held, "was not run")] {
        let sentence = failure_of(&host.wait(&pending, HANG).unwrap());
        for word in [fate, "EXAI_SHIM_EXIT_AFTER", &port.address().to_string()] {
            assert!(sentence.contains(word), "{word:?} is not in {sentence}");
        }
    }
    assert_orderly(&host);
}

#[test]
fn the_tools_are_listed_at_once_while_the_daemon_is_away() {
    let world = World::new();
    let daemon = world.daemon();
    let host = world.host();
    assert_served(&host);
    let tools = host.list_tools().unwrap();
    daemon.kill().unwrap();
    // Nobody starts a daemon before these are answered.
    assert_eq!(host.list_tools().unwrap(), tools);
    let newcomer = world.host();
    assert_eq!(newcomer.list_tools().unwrap(), tools);
    assert_orderly(&host);
    assert_orderly(&newcomer);
}

#[test]
fn a_shim_that_starts_before_its_daemon_holds_the_first_calls_for_it() {
    let port = Port::reserve().unwrap();
    let world = configured(&port, &[]);
    let host = world.host();
    assert!(!host.list_tools().unwrap().is_empty());
    let pending = chat(&host, "first");
    host.wait_progress(&pending, 1, HANG).unwrap();
    let _daemon = world.daemon();
    assert_whole(&host.wait(&pending, HANG).unwrap(), "first", 3);
    assert_eq!(world.requests("first").len(), 1);
    assert_orderly(&host);
}

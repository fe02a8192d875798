//! `notifications/cancelled`.

use exai_sim::host::{Progress, Revision};
use exai_sim::process::HANG;
use exai_sim::provider::{End, Ended};
use serde_json::{Value, json};

use crate::world::{World, ask, check, greet};

#[test]
fn a_cancel_reaches_the_provider_and_nothing_more_is_said_of_the_call() {
    let world = World::new();
    for revision in Revision::ALL {
        let host = world.host();
        greet(&host, revision);
        let prompt = format!("[[sim: chunks=100000 gap=5ms]] {}", revision.text());
        let call = host.call("chat", json!({"prompt": prompt}), Progress::Wanted).unwrap();
        world
            .provider
            .wait_for(HANG, |all| all.iter().any(|r| *r.prompt == *prompt && r.events > 2))
            .unwrap();
        host.cancel(&call, "the user said so").unwrap();
        let closed = |end: Option<Ended>| end.is_some_and(|end| end.how == End::ClientClosed);
        world
            .provider
            .wait_for(HANG, |all| all.iter().any(|r| *r.prompt == *prompt && closed(r.ended)))
            .unwrap();
        host.ask("version", json!({})).unwrap();
        assert!(host.answer(&call).is_none());
        check(&host);
    }
    assert_eq!(world.provider.requests().len(), Revision::ALL.len());
}

#[test]
fn a_cancel_of_what_is_over_or_never_was_is_ignored() {
    let world = World::new();
    for revision in Revision::ALL {
        let host = world.host();
        greet(&host, revision);
        let done = host.call("chat", json!({"prompt": "hello"}), Progress::Wanted).unwrap();
        host.wait(&done, HANG).unwrap();
        let before = host.transcript().received().count();
        host.cancel(&done, "as some hosts do after every success").unwrap();
        for params in [
            json!({"requestId": 123_456}),
            json!({"requestId": "unknown", "reason": "x"}),
            json!({"requestId": null}),
            json!({"requestId": {}}),
            json!({}),
            json!([]),
            Value::Null,
        ] {
            host.notify("notifications/cancelled", params).unwrap();
        }
        ask(&host, "tools/list", Value::Null);
        assert_eq!(host.transcript().received().count(), before + 1, "nothing but the list");
        assert!(!host.ask("chat", json!({"prompt": "and on"})).unwrap().is_tool_error());
        check(&host);
    }
}

use exai_provider::ProviderConfig;
use exai_wire::{Attempt, CallId, Class, End, Ended, Fingerprint, Outcome, SessionId};
use serde_json::value::RawValue;

use super::*;

/// A call that was taken at 1000 with 500 ms, and then asked this provider.
fn call(provider: &str) -> RecoveredCall<()> {
    let mut kept = Kept::new(CallId::from_bytes([1; 16]));
    kept.asked = Some(Asked {
        session: SessionId::from_bytes([2; 16]),
        fingerprint: Fingerprint::from_bytes([3; 16]),
        adopt_key: None,
        adopts: None,
        method: "tools/call".to_owned(),
        tool: "chat".to_owned(),
        class: Class::Metered,
        at_ms: 1000,
        remaining_ms: 500,
        attempts_before: 0,
        params: RawValue::NULL.to_owned(),
    });
    let (provider, model) = (provider.to_owned(), "m1".to_owned());
    kept.attempts.push(Attempt { n: 1, provider, model, continues: 0, at_ms: 1100 });
    RecoveredCall { kept, accepted: () }
}

/// How many providers are made ready at this time for these calls.
fn ready(calls: &[RecoveredCall<()>], unix_now_ms: u64) -> usize {
    let providers = ["a", "b"].map(|name| ProviderConfig::new(name, "http://127.0.0.1:9"));
    let transport = HttpTransport::new(&providers);
    make_ready(&transport, calls, unix_now_ms);
    transport.lanes().count()
}

#[test]
fn whom_a_call_that_goes_on_was_asking_is_made_ready() {
    assert_eq!(ready(&[call("a"), call("a")], 1499), 1);
    assert_eq!(ready(&[call("a"), call("b"), call("gone")], 1499), 2);
    let mut moved_on = call("a");
    moved_on.kept.attempts.extend(call("b").kept.attempts);
    assert_eq!(ready(&[moved_on], 1499), 1);
}

#[test]
fn nobody_is_made_ready_for_a_call_that_does_not_go_on() {
    let (mut ended, mut unasked) = (call("a"), call("a"));
    let end = End { attempts: 1, outcome: Outcome::Ok, at_ms: 1200, spent: None };
    ended.kept.ended = Some(Ended { end, bytes: 2 });
    unasked.kept.attempts.clear();
    assert_eq!(ready(&[ended, unasked], 1499), 0);
    assert_eq!(ready(&[call("a")], 1500), 0, "its deadline has passed");
}

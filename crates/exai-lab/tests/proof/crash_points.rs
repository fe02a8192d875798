//! The crash table, row by row.

use exai_sim::process::{HANG, Signal, pace};
use exai_sim::provider::answer_to;
use std::time::Duration;

use crate::world::{PATIENCE, World, assert_orderly, is_unknown};

/// What the table asks for where the daemon dies at a point.
struct Row {
    point: &'static str,
    /// Requests that reach the provider.
    requests: usize,
    /// Attempts of which the journal may have the start; those that it has are stated.
    begun: &'static [u64],
    /// Attempts that are stated beside those: none where the journal has the answer itself.
    more: u64,
    /// Whether an effect may only be called unknown.
    unknown: bool,
    /// How often it takes place.
    effects: usize,
}

const fn row(
    point: &'static str,
    requests: usize,
    begun: &'static [u64],
    more: u64,
    unknown: bool,
    effects: usize,
) -> Row {
    Row { point, requests, begun, more, unknown, effects }
}

/// Rows 2 to 5, 7 and 8. A question that has its place within 2 ms is durable together with its start, which a busy machine may
/// not allow; of an effect that is not done, so that no more of them than must are called unknown.
const ROWS: [Row; 6] = [
    row("accepted-unwritten", 1, &[0], 1, false, 1),
    row("accepted-written", 1, &[0, 1], 1, false, 1),
    row("started-unwritten", 1, &[0], 1, false, 1),
    row("started-written", 1, &[1], 1, true, 0),
    row("done-unwritten", 2, &[1], 1, true, 1),
    row("done-written", 1, &[1], 0, false, 1),
];

#[test]
fn a_question_is_answered_wherever_the_daemon_dies() {
    for Row { point, requests, begun, more, .. } in ROWS {
        let mut world = World::new();
        let first = world.faulty_daemon("EXAI_CRASH_AT", point);
        let host = world.host();
        let prompt = format!("a question at {point}");
        let pending = world.chat(&host, &prompt);
        assert!(!first.child().wait(HANG).unwrap().success(), "{point}");
        assert!(host.answer(&pending).is_none(), "{point}: answered by a daemon that could not have known");
        let kept = world.attempts_kept();
        assert!(begun.contains(&kept), "{point}: {kept}");
        let _second = world.daemon();
        let answer = host.wait(&pending, HANG).unwrap();
        assert!(answer.text().unwrap().contains(&answer_to(&prompt, 3)), "{point}: {}", answer.line);
        let asked = world.requests(&prompt).len();
        assert_eq!((asked, answer.stated_attempts()), (requests, kept + more), "{point}: {}", answer.line);
        assert_orderly(&host);
    }
}

#[test]
fn a_question_that_waited_for_its_place_has_not_begun_where_its_daemon_dies() {
    let mut world = World::with(&[("GLM_MAX_CONCURRENCY", "1")]);
    let (first, other) = (world.daemon(), world.host());
    let stalled = "[[sim 1: stall]] [[sim 2: stall]] [[sim: chunks=3]] in the only place";
    let before = world.chat(&other, stalled);
    world.wait_events(stalled, 1, 0);
    first.kill().unwrap();
    let second = world.faulty_daemon("EXAI_CRASH_AT", "accepted-written");
    world.wait_events(stalled, 2, 0);
    let host = world.host();
    let pending = world.chat(&host, "behind it");
    assert!(!second.child().wait(HANG).unwrap().success());
    let _third = world.daemon();
    let answer = host.wait(&pending, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to("behind it", 3)), "{}", answer.line);
    assert_eq!((world.requests("behind it").len(), answer.stated_attempts()), (1, 1), "{}", answer.line);
    other.wait(&before, HANG).unwrap();
}

#[test]
fn an_effect_takes_place_once_or_is_called_unknown() {
    for Row { point, unknown, effects, .. } in ROWS {
        let mut world = World::new();
        let first = world.faulty_daemon("EXAI_CRASH_AT", point);
        let host = world.host();
        let pending = world.write(&host, 0);
        assert!(!first.child().wait(HANG).unwrap().success(), "{point}");
        let _second = world.daemon();
        let answer = host.wait(&pending, HANG).unwrap();
        assert_eq!((is_unknown(&answer), world.effects()), (unknown, effects), "{point}: {}", answer.line);
        assert!(unknown || answer.text().unwrap().contains("wrote done"), "{point}: {}", answer.line);
        assert_orderly(&host);
    }
}

#[test]
fn a_daemon_that_dies_before_it_reads_a_call_costs_a_delay() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    host.ask("listmodels", crate::world::empty()).unwrap();
    first.child().signal(Signal::Stop).unwrap();
    let pending = world.chat(&host, "unread");
    first.kill().unwrap();
    let _second = world.daemon();
    let answer = host.wait(&pending, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to("unread", 3)));
    assert_eq!((world.requests("unread").len(), answer.stated_attempts()), (1, 1));
}

#[test]
fn f29_a_daemon_that_dies_while_an_answer_streams_tells_of_the_attempt() {
    let mut world = World::new();
    let first = world.faulty_daemon("EXAI_CRASH_AT", "streaming");
    let host = world.host();
    let prompt = "[[sim 1: chunks=50 gap=100ms]] [[sim: chunks=3]] a long answer";
    let pending = world.chat(&host, prompt);
    assert!(!first.child().wait(HANG).unwrap().success());
    let _second = world.daemon();
    let answer = host.wait(&pending, PATIENCE).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to(prompt, 3)), "{}", answer.line);
    assert_eq!((world.requests(prompt).len(), answer.stated_attempts()), (2, 2));
    assert!(answer.text().unwrap().contains("lost when the daemon ended"), "{}", answer.line);
}

#[test]
fn refusals_cost_no_attempt_however_often_the_daemon_dies_in_the_pause_after_them() {
    let mut world = World::new();
    // Nobody else to ask.
    world.exai.unset("KIMI_API_KEY");
    let mut daemon = world.daemon();
    let host = world.host();
    // A rate limit that asks for more patience than any daemon here has; the fifth one may answer.
    let refusals: String =
        (1..=4).map(|n| format!("[[sim {n}: status=429 code=1302 retry-after=20]] ")).collect();
    let prompt = format!("{refusals}[[sim: chunks=3]] not now");
    let pending = world.chat(&host, &prompt);
    for n in 1..=4 {
        exai_sim::process::poll(PATIENCE, || (world.requests(&prompt).len() == n).then_some(())).unwrap();
        // What nobody waits for is on its way to the disk for a quarter of a second at most.
        pace(Duration::from_secs(1));
        daemon.kill().unwrap();
        daemon = world.daemon();
    }
    let answer = host.wait(&pending, PATIENCE).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to(&prompt, 3)), "{}", answer.line);
    assert_eq!((world.requests(&prompt).len(), answer.stated_attempts()), (5, 1), "{}", answer.line);
    assert!(!answer.text().unwrap().contains("lost"), "{}", answer.line);
}

#[test]
fn a_cancelled_call_does_not_come_back_with_the_daemon() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim: after=1 stall]] never mind";
    let pending = world.chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    host.cancel(&pending, "changed my mind").unwrap();
    // The provider is left only after the cancel is in the journal.
    assert_eq!(world.requests(prompt).len(), 1);
    first.kill().unwrap();
    let _second = world.daemon();
    host.ask("listmodels", crate::world::empty()).unwrap();
    pace(Duration::from_secs(1));
    assert!(host.answer(&pending).is_none());
    assert_eq!(world.requests(prompt).len(), 1);
    // Nor does it wait there for somebody to come.
    let calls = world.calls();
    assert!(calls.contains("cancelled") && !calls.contains("parked"), "{calls}");
}

#[test]
fn nothing_new_is_paid_for_a_host_that_has_gone() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim: after=1 stall]] gone";
    let _pending = world.chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    host.signal(Signal::Kill).unwrap();
    first.kill().unwrap();
    let _second = world.daemon();
    pace(Duration::from_secs(2));
    assert_eq!(world.requests(prompt).len(), 1);
    let calls = world.calls();
    assert!(calls.contains("parked"), "{calls}");
}

#[test]
fn a_lost_volume_reruns_no_effect_and_goes_on_counting() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim 1: after=1 stall]] count on";
    let (question, effect) = (world.chat(&host, prompt), world.write(&host, 60_000));
    world.wait_events(prompt, 1, 1);
    exai_sim::process::poll(HANG, || (world.effects() == 1).then_some(())).unwrap();
    first.kill().unwrap();
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(world.exai.state_dir().join(file));
    }
    let _second = world.daemon();
    let answer = host.wait(&question, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to(prompt, 3)), "{}", answer.line);
    assert_eq!((world.requests(prompt).len(), answer.stated_attempts()), (2, 2));
    let answer = host.wait(&effect, HANG).unwrap();
    assert!(is_unknown(&answer) && world.effects() == 1, "{}", answer.line);
}

#[test]
fn a_tool_that_panics_ends_its_own_call_alone() {
    let world = World::new();
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=5 gap=200ms]] beside it";
    let beside = world.chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    let answer = host.ask("hog", serde_json::json!({"end": "panic"})).unwrap();
    assert!(answer.is_tool_error() && answer.text().unwrap().contains("crashed"), "{}", answer.line);
    let answer = host.wait(&beside, HANG).unwrap();
    assert!(answer.text().unwrap().contains(&answer_to(prompt, 5)), "{}", answer.line);
}

#[test]
fn an_effect_that_outlasts_its_deadline_is_called_unknown() {
    // From 20 s on the daemon has its last word two seconds before the shim.
    let world = World::with(&[("EXAI_CALL_TIMEOUT", "20s")]);
    let _daemon = world.daemon();
    let host = world.host();
    let answer = host.wait(&world.write(&host, 600_000), HANG).unwrap();
    assert!(answer.is_tool_error() && is_unknown(&answer) && world.effects() == 1, "{}", answer.line);
    assert_orderly(&host);
}

#[test]
fn a_host_that_lost_its_shim_gets_the_answer_that_was_paid_for() {
    let world = World::new();
    let _daemon = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=5 gap=200ms]] asked twice";
    world.chat(&host, prompt);
    world.wait_events(prompt, 1, 1);
    host.signal(Signal::Kill).unwrap();
    host.wait_exit(HANG).unwrap();
    let again = world.host();
    let answer = again.wait(&world.chat(&again, prompt), HANG).unwrap();
    let text = answer.text().unwrap();
    assert!(text.contains(&answer_to(prompt, 5)) && text.contains("kept answer"), "{text}");
    assert_eq!(world.requests(prompt).len(), 1);
    // Once: the third time it is meant.
    let third = again.wait(&world.chat(&again, prompt), HANG).unwrap();
    assert!(!third.text().unwrap().contains("kept answer"), "{}", third.line);
    assert_eq!(world.requests(prompt).len(), 2);
}

#[test]
fn an_answer_that_a_shim_had_read_and_its_host_had_not_is_there_for_who_asks_again() {
    let world = World::new();
    let _daemon = world.daemon();
    let host = world.host();
    // More than a pipe holds, so that it is not written before the shim dies.
    let prompt = "[[sim: chunks=25 width=8192]] read and not written";
    host.stop_reading_after_next_line();
    host.call("listmodels", crate::world::empty(), exai_sim::host::Progress::Unwanted).unwrap();
    let arguments = serde_json::json!({"prompt": prompt});
    host.call("chat", arguments, exai_sim::host::Progress::Unwanted).unwrap();
    exai_sim::process::poll(HANG, || world.calls().contains("kept").then_some(())).unwrap();
    pace(Duration::from_millis(500));
    host.signal(Signal::Kill).unwrap();
    let again = world.host();
    let answer = again.wait(&world.chat(&again, prompt), HANG).unwrap();
    let text = answer.text().unwrap();
    assert!(text.contains(&exai_sim::provider::wide_answer_to(prompt, 25, 8192)), "{}", text.len());
    assert!(text.contains("kept answer"), "{}", text.lines().last().unwrap());
    assert_eq!(world.requests(prompt).len(), 1);
}

#[test]
fn an_effect_whose_daemon_dies_in_its_middle_is_called_unknown_and_does_not_take_place_again() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let effect = world.write(&host, 60_000);
    exai_sim::process::poll(HANG, || (world.effects() == 1).then_some(())).unwrap();
    first.kill().unwrap();
    let _second = world.daemon();
    let answer = host.wait(&effect, HANG).unwrap();
    assert!(is_unknown(&answer) && world.effects() == 1, "{}", answer.line);
    assert_orderly(&host);
}

#[test]
fn f29_an_answer_goes_on_from_the_text_that_was_kept_where_its_provider_can() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=25 width=4096 gap=80ms]] go on";
    let arguments = serde_json::json!({"prompt": prompt, "model": "kimi-k3"});
    let pending = host.call("chat", arguments, exai_sim::host::Progress::Wanted).unwrap();
    // What the provider has sent last need not be on the disk yet: it rides for a quarter of a second.
    world.wait_events(prompt, 1, 15);
    first.kill().unwrap();
    let _second = world.daemon();
    let answer = host.wait(&pending, HANG).unwrap();
    let text = answer.text().unwrap();
    assert!(text.contains(&exai_sim::provider::wide_answer_to(prompt, 25, 4096)), "{}", text.len());
    assert!(text.contains("continued at character"), "{}", text.lines().last().unwrap());
    let requests = world.requests(prompt);
    assert_eq!((requests.len(), answer.stated_attempts()), (2, 2));
    assert!(requests[1].continues() >= 3 * 4096, "{}", requests[1].continues());
}

#[test]
fn an_answer_that_two_daemons_did_not_live_to_finish_tells_of_both_seams() {
    let world = World::new();
    let first = world.daemon();
    let host = world.host();
    let prompt = "[[sim: chunks=40 width=4096 gap=80ms]] go on and on";
    let arguments = serde_json::json!({"prompt": prompt, "model": "kimi-k3"});
    let pending = host.call("chat", arguments, exai_sim::host::Progress::Wanted).unwrap();
    world.wait_events(prompt, 1, 12);
    first.kill().unwrap();
    let second = world.daemon();
    world.wait_events(prompt, 2, 12);
    second.kill().unwrap();
    let _third = world.daemon();
    let answer = host.wait(&pending, HANG).unwrap();
    let continued = answer.message.pointer("/result/_meta/dev.exai~1route/continued").cloned();
    let seams = continued.as_ref().and_then(|seams| seams.as_array()).cloned().unwrap_or_default();
    let at = |n: usize| seams[n]["at_char"].as_u64().unwrap();
    assert!(seams.len() == 2 && at(0) > 0 && at(0) < at(1), "{seams:?}");
    assert_eq!((world.requests(prompt).len(), answer.stated_attempts()), (3, 3));
}

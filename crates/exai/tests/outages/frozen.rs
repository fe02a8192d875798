//! A daemon that is there and does nothing: stopped by SIGSTOP, its port open, its lock held.

use std::time::Duration;

use exai_sim::process::{HANG, Signal, pace};

use crate::world::{
    PATIENCE, World, assert_orderly, assert_served, assert_whole, chat, chat_now, failure_of, list_models,
    text_of,
};

#[test]
fn a_daemon_stopped_for_30_s_goes_on_with_what_it_had_and_is_not_taken_for_stuck() {
    let world = World::new();
    let daemon = world.daemon();
    let host = world.host();
    let (before, during) = ("[[sim: chunks=40 gap=400ms]] in flight", "issued meanwhile");
    let running = chat(&host, before);
    world.wait_events(before, 1, 3);
    daemon.child().signal(Signal::Stop).unwrap();
    let issued = [chat(&host, during), list_models(&host)];
    pace(Duration::from_secs(30));
    assert!(issued.iter().all(|pending| host.answer(pending).is_none()));
    daemon.child().signal(Signal::Continue).unwrap();

    for (pending, prompt, chunks) in [(&running, before, 40), (&issued[0], during, 3)] {
        let answer = host.wait(pending, PATIENCE).unwrap();
        assert_whole(&answer, prompt, chunks);
        assert_eq!((answer.stated_attempts(), world.ended(prompt).len()), (1, 1), "paid once");
        host.transcript().check_answered_once(pending).unwrap();
    }
    text_of(&host.wait(&issued[1], HANG).unwrap());
    // Longer than its watchdog would take to make up its mind.
    assert_whole(&chat_now(&host, "and now?"), "and now?", 3);
    let pid = u64::from(daemon.child().pid());
    assert_eq!(daemon.child().status(), None, "the daemon has ended itself");
    assert_eq!(world.exai.health().unwrap()["pid"], pid);
    world.exai.wait_status(daemon.address().unwrap(), 200).unwrap();
    assert_orderly(&host);
}

#[test]
fn a_frozen_daemon_is_told_of_in_time_and_another_one_takes_its_calls() {
    let world = World::with(&[("EXAI_HOLD", "3s")]);
    let frozen = world.daemon();
    let host = world.host();
    assert_served(&host);
    frozen.child().signal(Signal::Stop).unwrap();
    let patient = chat(&host, "patient");
    let sentence = failure_of(&chat_now(&host, "impatient"));
    for word in ["out of reach", "may have run", "collect"] {
        assert!(sentence.contains(word), "{word:?} is not in {sentence}");
    }
    assert!(!host.wait_progress(&patient, 2, HANG).unwrap().is_empty());
    assert!(host.answer(&patient).is_none());
    frozen.kill().unwrap();
    let _second = world.daemon();
    assert_whole(&host.wait(&patient, HANG).unwrap(), "patient", 3);
    assert_eq!(world.requests("patient").len(), 1);
    assert_orderly(&host);
}

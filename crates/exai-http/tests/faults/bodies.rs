//! F16, F19, F23, F24: what comes over a connection.

use std::time::Duration;

use exai_provider::{ClockOverrides, Ending};
use exai_sim::provider::{Cuts, Raw, RawEnd, RawFraming, Reply, Script, answer_to, fixtures};

use crate::world::World;

#[tokio::test]
async fn f16_an_end_mark_with_a_single_line_end_before_fin_is_one() {
    let world = World::new();
    for framing in ["", "framing=close"] {
        let prompt = format!("[[sim: done=bare {framing}]] why?");
        let reply = world.answer(&prompt, &["glm:ok"], (1, 0)).await;
        assert_eq!((reply.text, reply.ending), (answer_to(&prompt, 3), Ending::Whole));
    }
}

#[tokio::test]
async fn f19_errors_pages_and_nothing_instead_of_a_stream_are_told_apart() {
    for (words, cause, at_glm) in [
        ("status=200 code=9999", "glm:server", 2),
        ("status=200 code=1113", "glm:account_dead", 1),
        ("html", "glm:server", 2),
        ("empty", "glm:empty_answer", 2),
    ] {
        // A dead account would be asked no more.
        let world = World::new();
        let prompt = format!("[[sim glm: {words}]] why?");
        let causes = [vec![cause; at_glm], vec!["kimi:ok"]].concat();
        let reply = world.answer(&prompt, &causes, (at_glm, 1)).await;
        assert_eq!(reply.text, answer_to(&prompt, 3));
    }
}

#[tokio::test]
async fn f23_one_event_of_64_mib_is_unreadable() {
    let world = World::new();
    let prompt = format!("[[sim glm: after=1 huge={}]] why?", 64 << 20);
    let reply = world.answer(&prompt, &["glm:malformed", "glm:malformed", "kimi:ok"], (2, 1)).await;
    assert_eq!(reply.text, answer_to(&prompt, 3));
    // The rest of it is not read.
    let requests = world.sim.ended(&prompt, crate::world::HANG).unwrap();
    assert!(requests.iter().all(|request| request.bytes < 32 << 20), "{requests:?}");
}

#[tokio::test]
async fn f23_events_with_nothing_in_them_are_passed_over_and_are_no_sign() {
    let world = World::new();
    let prompt = "[[sim: nothing=100000]] why?";
    let reply = world.answer(prompt, &["glm:ok"], (1, 0)).await;
    assert_eq!(reply.text, answer_to(prompt, 3));
    let clocks = ClockOverrides { first_event: Some(Duration::from_secs(1)), idle: None };
    let world = World::with(|all| all[0].clocks = clocks);
    let prompt = "[[sim glm: role-only]] why?";
    world.answer(prompt, &["glm:stall_first_event", "kimi:ok"], (1, 1)).await;
}

#[tokio::test]
async fn f23_a_body_of_100_mib_is_cut_at_16_and_told_as_such() {
    let world = World::new();
    let prompt = format!("[[sim: chunks=100 width={}]] why?", 1 << 20);
    let reply = world.answer(&prompt, &["glm:too_large"], (1, 0)).await;
    assert_eq!((reply.ending, reply.notes.len()), (Ending::Truncated, 1));
    assert!((16 << 20..18 << 20).contains(&reply.text.len()), "{}", reply.text.len());
}

#[tokio::test]
async fn f24_no_cut_changes_a_byte() {
    let world = World::new();
    let plain = fixtures::fixture("glm/plain").unwrap();
    let text = String::from_utf8(plain.bytes.to_vec()).unwrap().replace("\r\n", "\n");
    for odd in [text.clone(), format!("\u{feff}{text}"), text.replace('\n', "\r\n"), text.replace('\n', "\r")]
    {
        let every = (0..odd.len()).step_by(97).map(|at| Cuts::At(vec![at]));
        for cuts in every.chain([Cuts::Every(1), Cuts::Every(2)]) {
            let ends = (odd.matches('\r').count(), odd.matches('\n').count());
            let prompt = format!("{cuts:?} of {} bytes with {ends:?} line ends", odd.len());
            let raw = Raw {
                bytes: odd.as_bytes().into(),
                cuts,
                framing: RawFraming::Chunked,
                end: RawEnd::Clean,
                ..plain.clone()
            };
            world.sim.push(Script { reply: Reply::Raw(raw), ..Script::default() });
            let reply = world.answer(&prompt, &["glm:ok"], (1, 0)).await;
            assert_eq!(reply.text, "Hello, 世界 🙂 — café.\nDone.", "{prompt}");
            assert_eq!(reply.ending, Ending::Whole, "{prompt}");
        }
    }
}

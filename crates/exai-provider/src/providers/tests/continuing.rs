//! Answers that go on from where an earlier attempt broke off.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::*;
use crate::*;

/// An answer of so many sentences, without repetition.
pub(super) fn whole(sentences: usize) -> String {
    (1..=sentences)
        .map(|n| format!("Satz für Satz kommt Nummer {n}, und {} ist ihr Preis. ", n * 7919))
        .collect()
}

/// Split at a character near this byte.
pub(super) fn halves(text: &str, at: usize) -> (String, String) {
    let (a, b) = text.split_at(text.floor_char_boundary(at));
    (a.to_owned(), b.to_owned())
}

/// A stream that brings the text within so many seconds, and then breaks off.
pub(super) fn breaks_off(text: &str, seconds: u32, end: Do) -> Answer {
    let (first, rest) = halves(text, text.len() / 2);
    stream(vec![content(&first), Do::Wait(S * seconds), content(&rest), end])
}

pub(super) fn usage(prompt: u64, completion: u64) -> Do {
    event(
        &json!({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}})
            .to_string(),
    )
}

pub(super) fn last_turn(body: &Value) -> Value {
    body["messages"].as_array().unwrap().last().unwrap().clone()
}

pub(super) fn seam(at: &str, from: &str, to: &str, cause: Broke) -> Continued {
    Continued {
        at_char: at.chars().count() as u64,
        from_model: from.to_owned(),
        to_model: to.to_owned(),
        cause,
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_quickly_is_asked_for_anew_but_for_the_last_time() {
    let whole = whole(40);
    let (begun, rest) = halves(&whole, 900);
    let cut = || breaks_off(&begun, 1, Do::End);
    let world = World::new(vec![], vec![cut(), says(&whole)]);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.continued.len()), (whole.as_str(), 0));
    assert_eq!(world.granted(), ["1 kimi/kimi-fast", "2 kimi/kimi-fast"]);
    // After an error of the provider's there are three attempts.
    let world = World::new(vec![], vec![status(500, ""), cut(), says(&rest)]);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.continued.len()), (whole.as_str(), 1));
    assert_eq!(world.granted()[2], format!("3 kimi/kimi-fast from {}", begun.len()));
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_daemon_left_is_gone_on_from() {
    let whole = whole(40);
    let (begun, rest) = halves(&whole, 300);
    let mut world = World::new(vec![], vec![says(&rest)]);
    world.keep(1, "kimi-fast", &begun);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.ending), (whole.as_str(), Ending::Whole));
    assert_eq!(reply.continued, [seam(&begun, "kimi-fast", "kimi-fast", Broke::DaemonLost)]);
    assert_eq!(world.granted(), [format!("2 kimi/kimi-fast from {}", begun.len())]);
    assert_eq!(*world.notes.text.lock().unwrap(), whole);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_takes_a_beginning_back_it_is_only_gone_on_from_the_last_time() {
    let whole = whole(40);
    let (begun, rest) = halves(&whole, 900);
    let mut world = World::new(vec![says(&whole)], vec![]);
    world.keep(1, "glm-fast", &begun);
    let reply = world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.continued.len()), (whole.as_str(), 0));
    assert_eq!(world.granted(), ["2 glm/glm-fast"]);

    // Those that a restart cut are not counted.
    let mut world = World::new(vec![says(&whole)], vec![]);
    world.keep(3, "glm-fast", &begun);
    world.cut_before.store(3, std::sync::atomic::Ordering::SeqCst);
    let reply = world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.continued.len()), (whole.as_str(), 0));
    assert_eq!(world.granted(), ["4 glm/glm-fast"], "not the last time");

    let words = begun.rfind(' ').unwrap() + 1;
    let (kept, more) = begun.split_at(words);
    let mut world = World::new(vec![says(&format!("{more}{rest}"))], vec![]);
    world.keep(2, "glm-fast", &begun);
    let reply = world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!(reply.text, whole);
    assert_eq!(reply.continued, [seam(kept, "glm-fast", "glm-fast", Broke::DaemonLost)]);
    assert_eq!(world.granted(), [format!("3 glm/glm-fast from {words}")]);
    let body = &world.bodies()[0]["messages"];
    assert_eq!(body[1], json!({"role": "assistant", "content": kept}));
    assert!(body[2]["role"] == "user" && body[2]["content"].as_str().unwrap().contains("broke off"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_be_gone_on_from_twice() {
    let whole = whole(60);
    let (first, rest) = halves(&whole, 700);
    let (second, third) = halves(&rest, 600);
    let kimi = vec![breaks_off(&second, 1, Do::Break), says(&third)];
    let world = World::new(vec![breaks_off(&first, 70, Do::Hang)], kimi);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), *world.notes.text.lock().unwrap() == whole), (whole.as_str(), true));
    let stalled = Broke::Failed(Cause::Stall(StallClock::Idle));
    let both = format!("{first}{second}");
    assert_eq!(
        reply.continued,
        [
            seam(&first, "glm-fast", "kimi-fast", stalled),
            seam(&both, "kimi-fast", "kimi-fast", Broke::Failed(Cause::Cut))
        ]
    );
    assert_eq!(world.granted()[2], format!("3 kimi/kimi-fast from {}", both.len()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_rest_is_asked_for_as_a_whole_under_the_same_number() {
    let whole = whole(40);
    let (begun, _) = halves(&whole, 300);
    for refusal in [status(400, "{}"), status(404, "{}"), status(413, "{}")] {
        let mut world = World::new(vec![], vec![refusal, says(&whole)]);
        world.keep(1, "kimi-fast", &begun);
        let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.continued.len()), (whole.as_str(), 0));
        let from = format!("2 kimi/kimi-fast from {}", begun.len());
        assert_eq!(world.granted(), [from, "2 kimi/kimi-fast".to_owned()]);
        assert_eq!(last_turn(&world.bodies()[1])["role"], "user");
        assert_eq!(*world.notes.text.lock().unwrap(), whole);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rest_that_is_a_new_answer_replaces_the_old() {
    let old = whole(20);
    let new = format!("{}and then otherwise. The end.", whole(6));
    let mut world = World::new(vec![], vec![says(&new)]);
    world.keep(1, "kimi-fast", &old);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.continued.len()), (new.as_str(), 0));
    assert_eq!(*world.notes.text.lock().unwrap(), new);
    // Whoever began anew once is not asked to go on again.
    let longer = format!("{}But no. {old}", whole(6));
    let mut world = World::new(vec![], vec![breaks_off(&longer, 1, Do::Hang), says("Otherwise.")]);
    world.keep(1, "kimi-fast", &old);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!(reply.text, "Otherwise.");
    assert_eq!(last_turn(&world.bodies()[1])["role"], "user");
}

#[tokio::test(start_paused = true)]
async fn a_rest_of_nothing_means_that_all_was_there() {
    let begun = whole(20);
    let mut world = World::new(vec![], vec![stream(vec![reasoning("all there"), finish("stop"), done()])]);
    world.keep(1, "kimi-fast", &begun);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((reply.text, reply.ending), (begun.clone(), Ending::Whole));
    // At the limit of its output it does not.
    let mut world =
        World::new(vec![], vec![stream(vec![reasoning("hm"), finish("length"), done()]), says("Other.")]);
    world.keep(1, "kimi-fast", &begun);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.ending), ("Other.", Ending::Whole));
}

#[tokio::test(start_paused = true)]
async fn at_the_end_the_longest_text_comes_back_as_partial() {
    let begun = whole(20);
    let fresh = |text: &str| stream(vec![content(text), Do::Hang]);
    // Fresh text is shorter, because the answer began anew.
    let mut world = World::new(vec![fresh("Short.")], vec![]);
    world.keep(1, "glm-fast", &begun);
    let reply = world.ask(Some("glm-fast"), 100).await.unwrap();
    assert_eq!((&reply.text, &reply.ending), (&begun, &Ending::Partial(Broke::DaemonLost)));
    assert_eq!(world.clock.now().as_secs(), 100);
    // It is longer, because it went on.
    let mut world = World::new(vec![], vec![fresh("And a little more.")]);
    world.keep(1, "kimi-fast", &begun);
    let reply = world.ask(Some("kimi-fast"), 100).await.unwrap();
    assert_eq!(reply.text, format!("{begun}And a little more."));
    assert_eq!(reply.ending, Ending::Partial(Broke::Failed(Cause::Deadline)));
    assert_eq!(reply.continued, [seam(&begun, "kimi-fast", "kimi-fast", Broke::DaemonLost)]);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_be_asked_kept_text_comes_back() {
    let begun = whole(20);
    // No attempt is left.
    let mut world = World::new(vec![], vec![]);
    world.keep(3, "kimi-fast", &begun);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((&reply.text, reply.ending), (&begun, Ending::Partial(Broke::DaemonLost)));
    assert_eq!((reply.provider.as_str(), reply.model.as_str()), ("kimi", "kimi-fast"));
    // Its key is gone.
    let mut world = World::with(vec![], vec![], |config| config.providers[1].key = None);
    world.keep(1, "kimi-fast", &begun);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((&reply.text, reply.ending), (&begun, Ending::Partial(Broke::DaemonLost)));
    assert!(reply.notes[0].contains("KIMI_API_KEY"), "{:?}", reply.notes);
}

#[tokio::test(start_paused = true)]
async fn reasoning_goes_back_to_the_model_that_thought_it() {
    let whole = whole(40);
    let (begun, rest) = halves(&whole, 900);
    let thinks = |seconds| {
        let Answer::Head(status, headers, mut steps) = breaks_off(&begun, seconds, Do::Hang) else {
            panic!()
        };
        steps.insert(0, reasoning("a thought"));
        Answer::Head(status, headers, steps)
    };
    let world = World::new(vec![], vec![thinks(70), says(&rest)]);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.reasoning.as_str()), (whole.as_str(), "a thought"));
    assert_eq!(last_turn(&world.bodies()[1])["reasoning_content"], "a thought");
    let world = World::new(vec![thinks(70)], vec![says(&rest)]);
    assert_eq!(world.ask(None, 1200).await.unwrap().text, whole);
    assert_eq!(last_turn(&world.bodies()[1]).get("reasoning_content"), None);
}

#[tokio::test(start_paused = true)]
async fn reasoning_alone_and_holes_are_nothing_to_go_on_from() {
    let whole = whole(40);
    let thoughts = stream(vec![reasoning(&whole), Do::Wait(S * 70), reasoning("so"), Do::Hang]);
    let bad = || event("{\"choices\":[");
    let holed = stream(vec![bad(), content(&whole), Do::Wait(S * 70), content("x"), Do::Hang]);
    for first in [thoughts, holed] {
        let world = World::new(vec![], vec![first, says("Anew.")]);
        assert_eq!(world.ask(Some("kimi-fast"), 1200).await.unwrap().text, "Anew.");
        assert_eq!(world.granted()[1], "2 kimi/kimi-fast");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_providers_rules_stop_is_not_handed_out() {
    let begun = whole(20);
    let stopped = stream(vec![content("Some more of it."), finish("content_filter"), done()]);
    let mut world = World::new(vec![], vec![stopped]);
    world.keep(1, "kimi-fast", &begun);
    let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!((&reply.text, reply.ending), (&begun, Ending::Partial(Broke::DaemonLost)));
    assert_eq!(world.requests().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever the first stream is cut and however the bytes arrive, an honest rest gives the whole.
    #[test]
    fn an_answer_is_whole_wherever_it_was_cut(
        deltas in prop::collection::vec(prop_oneof!["[a-zäß字 .\n\"]{1,40}", Just("    }\n".to_owned())], 30..60),
        cut in any::<prop::sample::Index>(),
        bytes in 1_usize..300,
    ) {
        // Blanks alone are no progress, from which the minute of generation would count.
        let deltas = [vec!["Begin.".to_owned()], deltas].concat();
        let whole = deltas.concat();
        let cut = 1 + cut.index(deltas.len() - 1);
        let (begun, rest) = deltas.split_at(cut);
        let body = |deltas: &[String], end: &[Do]| {
            let events = deltas.iter().map(|delta| content(delta)).chain(end.iter().cloned());
            let all: Vec<u8> = events.flat_map(|event| if let Do::Send(bytes) = event { bytes } else { vec![] }).collect();
            all.chunks(bytes).map(|piece| Do::Send(piece.to_vec())).collect::<Vec<_>>()
        };
        let mut second = body(rest, &[finish("stop"), done()]);
        second.push(Do::End);
        let first = [body(begun, &[]), vec![Do::Wait(S * 70), content("."), Do::End]].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let begun = format!("{}.", begun.concat());
            let is_short = begun.chars().count() < 200;
            let anew = body(&deltas, &[finish("stop"), done()]);
            let second = if is_short { anew } else { second };
            let world = World::new(vec![], vec![stream(first), stream(second)]);
            let reply = world.ask(Some("kimi-fast"), 1200).await.unwrap();
            let expected = if is_short { whole.clone() } else { format!("{begun}{}", rest.concat()) };
            assert_eq!(reply.text, expected);
            assert_eq!(*world.notes.text.lock().unwrap(), expected);
        });
    }
}

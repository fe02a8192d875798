//! Streams that hang, trickle, think, or are cut.

use super::world::*;
use crate::*;

const ROLE: &str = r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#;

#[tokio::test(start_paused = true)]
async fn a_stall_tells_whether_anything_came() {
    let silent = |steps: Vec<Do>| stream([steps, vec![Do::Hang]].concat());
    let keep_alive = Do::Repeat(b": keep-alive\n\n".to_vec(), S);
    let words = || content("a few words");
    for (answer, told) in [
        (Answer::Mute, "no text came; nothing else came either"),
        (silent(vec![]), "no text came; only the head of the answer did"),
        (silent(vec![event(ROLE)]), "no text came; blanks or keep-alives did"),
        (silent(vec![keep_alive.clone()]), "no text came; blanks or keep-alives did"),
        (silent(vec![words()]), "text stopped coming; nothing else came either"),
        (silent(vec![words(), keep_alive]), "text stopped coming; blanks or keep-alives did"),
    ] {
        let world = World::new(vec![answer], vec![says("x")]);
        let reply = world.ask(None, 1200).await.unwrap();
        assert_eq!(reply.attempts[0].detail, told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_models_floors_hold_until_the_user_says_otherwise() {
    let late = || stream(vec![Do::Wait(500 * S), content("at last"), finish("stop"), done()]);
    let paused = || {
        let steps = vec![content("it"), Do::Wait(400 * S), content(" goes on"), finish("stop"), done()];
        stream(steps)
    };
    for (answer, text) in [(late(), "at last"), (paused(), "it goes on")] {
        let world = World::new(vec![answer], vec![]);
        assert_eq!(world.ask(Some("glm-slow"), 1200).await.unwrap().text, text);
        assert_eq!(world.requests().len(), 1);
    }
    for (answer, set) in [
        (late(), ClockOverrides { first_event: Some(100 * S), idle: None }),
        (paused(), ClockOverrides { first_event: None, idle: Some(100 * S) }),
    ] {
        let change = |config: &mut ProvidersConfig| config.providers[0].clocks = set;
        let world = World::with(vec![answer, says("x")], vec![], change);
        world.ask(Some("glm-slow"), 1200).await.unwrap();
        assert_eq!(world.requests_at("glm"), [0, 100]);
    }
    let change =
        |config: &mut ProvidersConfig| config.providers[0].stream_timeout = StreamTimeout::User(60 * S);
    let world = World::with(vec![paused(), says("x")], vec![], change);
    world.ask(Some("glm-slow"), 1200).await.unwrap();
    assert_eq!(world.requests_at("glm"), [0, 60]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_timeout_of_the_user_holds_for_a_thinking_model() {
    let set = |config: &mut ProvidersConfig| {
        config.providers[0].stream_timeout = StreamTimeout::User(5 * S);
        config.default_model = Some("glm-deep".to_owned());
    };
    let world = World::with(vec![stream(vec![Do::Hang])], vec![says("x")], set);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:stall_trickle", "kimi:ok"]);
    assert_eq!(world.requests()[1], ("kimi".to_owned(), 5));
}

#[tokio::test(start_paused = true)]
async fn a_local_model_that_loads_for_minutes_is_no_stall() {
    let mut steps = vec![Do::Wait(800 * S), content("a")];
    steps.extend((0..20).flat_map(|_| [Do::Wait(10 * S), content("nd on it goes")]));
    steps.extend([finish("stop"), done()]);
    let world = World::new(vec![stream(steps)], vec![]);
    let reply = world.ask(Some("glm-local"), 1200).await.unwrap();
    assert_eq!((reply.ending, world.requests().len()), (Ending::Whole, 1));
    let world = World::new(vec![stream(vec![Do::Wait(800 * S), content("a"), Do::Hang]), says("x")], vec![]);
    world.ask(Some("glm-local"), 1200).await.unwrap();
    assert_eq!(world.requests()[1].1, 830, "once it has begun it must deliver");
}

#[tokio::test(start_paused = true)]
async fn a_long_healthy_answer_goes_past_timeout_and_reserve() {
    let mut steps: Vec<Do> = (0..110).flat_map(|_| [Do::Wait(10 * S), content("ten chars. ")]).collect();
    steps.extend([finish("stop"), done()]);
    let world = World::new(vec![stream(steps)], vec![]);
    let reply = world.ask(None, 1200).await.unwrap();
    assert_eq!((reply.text.len(), reply.ending), (1210, Ending::Whole));
    assert_eq!(world.clock.now().as_secs(), 1100);
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_what_came_is_handed_back_as_partial() {
    let Do::Send(piece) = content("ten chars. ") else { panic!() };
    let world = World::new(vec![stream(vec![Do::Repeat(piece, 7 * S)])], vec![]);
    let reply = world.ask(None, 600).await.unwrap();
    assert_eq!(world.clock.now().as_secs(), 600);
    assert_eq!(reply.ending, Ending::Partial(Broke::Failed(Cause::Deadline)));
    assert_eq!(reply.text.len(), 11 * 85);
    assert_eq!(*world.notes.text.lock().unwrap(), reply.text);
}

#[tokio::test(start_paused = true)]
async fn the_last_quarter_is_kept_for_the_fallback() {
    let mut silent = vec![reasoning("twenty characters or more of it")];
    silent.push(Do::Hang);
    let change = |config: &mut ProvidersConfig| config.default_model = Some("glm-deep".to_owned());
    let world = World::with(vec![stream(silent)], vec![says("x")], change);
    let reply = world.ask(None, 400).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:stall_reserve", "kimi:ok"]);
    assert_eq!(world.requests()[1], ("kimi".to_owned(), 300));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_stream_without_fallback_is_tried_once_more() {
    let world = World::new(vec![stream(vec![Do::Hang]), says("second")], vec![]);
    let reply = world.ask(Some("glm-fast"), 1200).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.requested_model.as_deref()), ("second", Some("glm-fast")));
    assert_eq!(causes(&reply.attempts), ["glm:stall_first_event", "glm:ok"]);
    assert_eq!(reply.attempts.iter().map(|one| one.n).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn notes_tell_the_stage_at_most_once_a_second() {
    let mut steps: Vec<Do> = (0..100).flat_map(|_| [Do::Wait(S / 10), reasoning("hmmm")]).collect();
    steps.extend((0..100).flat_map(|_| [Do::Wait(S / 10), content("text")]));
    steps.extend([finish("stop"), done()]);
    let world = World::new(vec![stream(steps)], vec![]);
    world.ask(None, 1200).await.unwrap();
    let notes = world.notes.notes.lock().unwrap();
    assert!(notes[0].contains("asking glm-fast at glm (attempt 1)"), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("is thinking")), "{notes:?}");
    assert!(notes.last().unwrap().contains("is answering"), "{notes:?}");
    assert!((15..=22).contains(&notes.len()), "{}", notes.len());
}

#[tokio::test(start_paused = true)]
async fn health_shows_what_runs() {
    let world = World::new(vec![stream(vec![Do::Wait(5 * S), content("x"), Do::Hang])], vec![]);
    let watch = async {
        tokio::time::sleep(8 * S).await;
        world.providers.health().remove(0)
    };
    let health = tokio::select! {
        _ = world.ask(None, 1200) => panic!("it hangs"),
        health = watch => health,
    };
    assert_eq!((health.in_flight, health.oldest_ms, health.last_progress_ms), (1, Some(8000), Some(3000)));
    assert_eq!(health.state, HealthState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_floor_of_its_own_gives_a_model_more_time_for_its_first_sign() {
    let models = "[[model]]\nid = \"slow\"\nprovider = \"glm\"\nidle = \"fast\"\nfirst_event_floor_s = 200\n";
    let late =
        |seconds| stream(vec![Do::Wait(S * seconds), content("late"), finish("stop"), done(), Do::End]);
    let world = World::knowing(models, vec![late(190)], vec![], |_| {});
    assert_eq!(world.ask(Some("slow"), 1200).await.unwrap().text, "late");
    let world = World::knowing(models, vec![late(210), late(1)], vec![], |_| {});
    let reply = world.ask(Some("slow"), 1200).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:stall_first_event", "glm:ok"]);
}

/// The notes on silences.
fn silences(world: &World) -> Vec<String> {
    let notes = world.notes.notes.lock().unwrap();
    notes.iter().filter(|note| note.contains("no text for")).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn a_silence_is_told_while_it_lasts_and_when_it_will_be_cut() {
    let keep_alive = Do::Repeat(b": keep-alive\n\n".to_vec(), S);
    for rest in [Do::Hang, keep_alive] {
        let steps = vec![Do::Wait(25 * S), content("a few words"), rest];
        let world = World::new(vec![stream(steps)], vec![says("x")]);
        world.ask(None, 1200).await.unwrap();
        let mut told: Vec<(u32, u32)> = vec![(10, 110), (20, 100)];
        // From the words on, which are cut off when it was said.
        told.extend([(10, 110), (20, 100), (40, 80), (80, 40)]);
        let told: Vec<String> = told
            .iter()
            .map(|(long, left)| {
                format!("glm-fast: no text for {long} s; cut off in {left} s unless some comes")
            })
            .collect();
        assert_eq!(silences(&world), told);
        assert_eq!(world.requests()[1].1, 25 + 120);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_that_the_calls_time_ends_is_not_said_to_end_by_text() {
    let world = World::new(vec![stream(vec![Do::Hang])], vec![]);
    world.ask(Some("glm-fast"), 60).await.unwrap_err();
    let told = [(10, 50), (20, 40), (40, 20)].map(|(long, left)| {
        format!("glm-fast: no text for {long} s; the time for this call ends in {left} s")
    });
    assert_eq!(silences(&world), told);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_pauses_that_are_short_or_of_no_answer() {
    let mut steps: Vec<Do> = (0..9).flat_map(|_| [Do::Wait(9 * S), content("goes on ")]).collect();
    steps.extend([Do::Wait(9 * S), finish("stop"), Do::Hang]);
    let world = World::new(vec![stream(steps)], vec![]);
    world.ask(None, 1200).await.unwrap();
    assert_eq!(silences(&world), Vec::<String>::new());

    let refusal = Answer::Head(400, vec![], vec![Do::Hang]);
    let world = World::new(vec![refusal], vec![]);
    world.ask(None, 1200).await.unwrap_err();
    assert_eq!(silences(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_sleep_of_this_machine_is_nobodys_silence() {
    let world = World::new(vec![stream(vec![Do::Hang]), says("x")], vec![]);
    let call = world.ask(None, 7200);
    tokio::pin!(call);
    tokio::select! {
        biased;
        _ = &mut call => panic!("it hangs"),
        () = tokio::time::sleep(5 * S) => {}
    }
    tokio::time::advance(3600 * S).await;
    call.await.unwrap();
    let told: Vec<String> = [(10, 20), (20, 10)]
        .map(|(long, left)| format!("glm-fast: no text for {long} s; cut off in {left} s unless some comes"))
        .into();
    assert_eq!(silences(&world), told);
}

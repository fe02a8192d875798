//! F32: machines that sleep, processes that stand still, and wall clocks that are corrected in the middle of a stream.

use super::*;

const HOURS: i64 = 2 * 60 * 60;

/// Asks a model that may think for ten minutes; the wall clock is moved by `seconds` at second `at`.
async fn ask_and_move(world: &World, at: u32, seconds: i64) -> Result<Reply, Failure> {
    let moved = async {
        tokio::time::sleep(S * at).await;
        world.clock.move_wall(seconds);
    };
    tokio::join!(world.ask(Some("glm-deep"), 1200), moved).0
}

fn thought() -> Do {
    reasoning("a thought that is long enough")
}

fn whole() -> [Do; 3] {
    [content("answer"), finish("stop"), done()]
}

fn no_failure_is_counted(world: &World) {
    let health = world.providers.health().remove(0);
    assert_eq!((health.failures, health.last_error), (0, None));
}

#[tokio::test(start_paused = true)]
pub(super) async fn f32_a_connection_that_a_sleep_has_lost_is_a_cut_within_a_minute() {
    let silent = || stream(vec![thought(), Do::Hang]);
    // Where what had come before the sleep is read after it, too.
    let last_words = || stream(vec![thought(), Do::Wait(100 * S), thought(), Do::Hang]);
    for lost in [Answer::Mute, silent(), last_words()] {
        let world = World::new(vec![lost, says("x")], vec![]);
        let reply = ask_and_move(&world, 100, HOURS).await.unwrap();
        assert_eq!(causes(&reply.attempts), ["glm:cut", "glm:ok"]);
        let again = world.requests_at("glm")[1];
        assert!((101..=160).contains(&again), "{again}");
        let told = "this machine slept for 120 min, and the connection did not outlive it";
        assert_eq!(reply.attempts[0].detail, told);
        no_failure_is_counted(&world);
    }
    let world = World::new(vec![silent(), says("x")], vec![]);
    let outcome = ask_and_move(&world, 0, HOURS).await;
    Played::new(world, outcome).row("F32", "is lost while this machine sleeps, from its waking on");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f32_a_reset_after_a_sleep_is_nobodys_fault() {
    let reset = stream(vec![thought(), Do::Wait(110 * S), Do::Break]);
    let world = World::new(vec![reset.clone(), Answer::Refused, Answer::Refused, Answer::Refused], vec![]);
    let failure = ask_and_move(&world, 100, HOURS).await.unwrap_err();
    assert_eq!(causes(&failure.attempts)[0], "glm:cut");
    assert_eq!(world.providers.health()[0].failures, 3, "those of the attempts after it");
    let world = World::new(vec![reset, says("x")], vec![]);
    world.ask(Some("glm-deep"), 1200).await.unwrap();
    assert_eq!(world.providers.health()[0].state, HealthState::Ok);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f32_a_connection_that_outlives_a_sleep_is_left_alone() {
    let mut steps: Vec<Do> = (0..10).flat_map(|_| [Do::Wait(20 * S), thought()]).collect();
    // What thinks again as ever shows that it lives.
    steps.extend([Do::Wait(590 * S), thought()]);
    steps.extend(whole());
    let world = World::new(vec![stream(steps)], vec![]);
    assert_eq!(ask_and_move(&world, 90, HOURS).await.unwrap().text, "answer");
    assert_eq!(world.requests_at("glm"), [0]);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f32_a_corrected_wall_clock_costs_no_answer() {
    for seconds in [40, 120, -40, -HOURS, 29] {
        let mut steps = vec![thought(), Do::Wait(590 * S)];
        steps.extend(whole());
        let world = World::new(vec![stream(steps)], vec![]);
        assert_eq!(ask_and_move(&world, 100, seconds).await.unwrap().text, "answer", "{seconds}");
        assert_eq!(world.requests_at("glm"), [0], "{seconds}");
    }
    // Nor does it keep a stream that is dead.
    for seconds in [-40, -HOURS] {
        let world = World::new(vec![stream(vec![thought(), Do::Hang]), says("x")], vec![]);
        let reply = ask_and_move(&world, 100, seconds).await.unwrap();
        assert_eq!(
            (causes(&reply.attempts)[0].as_str(), world.requests_at("glm")[1]),
            ("glm:stall_idle", 600)
        );
    }
}

/// A process that is stopped at second 50, and goes on 1,000 s later.
async fn stopped(world: &World) -> Result<Reply, Failure> {
    let stop = async {
        tokio::time::sleep(50 * S).await;
        tokio::time::advance(1000 * S).await;
    };
    tokio::join!(world.ask(Some("glm-fast"), 3600), stop).0
}

#[tokio::test(start_paused = true)]
pub(super) async fn f32_a_process_that_was_stopped_accuses_nobody() {
    let mut steps = vec![content("It goes on"), Do::Wait(1070 * S)];
    steps.extend([content(" and on"), finish("stop"), done()]);
    let world = World::new(vec![stream(steps)], vec![]);
    let reply = stopped(&world).await.unwrap();
    assert_eq!((reply.text.as_str(), world.requests_at("glm")), ("It goes on and on", vec![0]));

    let world = World::new(vec![stream(vec![content("It"), Do::Hang]), says("x")], vec![]);
    let reply = stopped(&world).await.unwrap();
    assert_eq!(causes(&reply.attempts), ["glm:cut", "glm:ok"]);
    let again = world.requests_at("glm")[1];
    assert!((1051..=1110).contains(&again), "{again}");
    no_failure_is_counted(&world);
}

/// It is in the machine already, and takes a way through another task.
#[tokio::test(start_paused = true)]
async fn what_came_while_a_process_stood_still_is_read_before_anybody_is_accused() {
    let few = |config: &mut ProvidersConfig| config.providers[0].clocks.idle = Some(10 * S);
    let hop = || Do::Wait(S / 100);
    let comment = || Do::Send(b": still here\n\n".to_vec());
    let late = |what: Vec<Do>| {
        let stop = async {
            tokio::time::sleep(3 * S).await;
            tokio::time::advance(20 * S).await;
        };
        let world = World::with(vec![stream(what), says("x")], vec![], few);
        async move {
            let (reply, ()) = tokio::join!(world.ask(Some("glm-fast"), 600), stop);
            (causes(&reply.unwrap().attempts), world.clock.now())
        }
    };
    let came = vec![content("It goes"), Do::Wait(4 * S), hop(), comment(), hop(), content(" on"), hop()];
    let (causes, _) = late([came, whole().to_vec()].concat()).await;
    assert_eq!(causes, ["glm:ok"]);
    // What did not come is missed as soon as that is sure.
    let nothing = [content("It"), Do::Wait(5 * S)].into_iter().chain([hop(), comment(), Do::Hang]).collect();
    let (causes, at) = late(nothing).await;
    assert_eq!(causes, ["glm:stall_idle", "glm:ok"]);
    assert!((24 * S..26 * S).contains(&at), "{at:?}");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f32_a_deadline_that_passed_meanwhile_is_one_and_no_fault_of_the_provider() {
    let world = World::new(vec![stream(vec![content("half"), Do::Hang])], vec![]);
    let stop = async {
        tokio::time::sleep(50 * S).await;
        tokio::time::advance(2 * 3600 * S).await;
    };
    let reply = tokio::join!(world.ask(None, 1200), stop).0.unwrap();
    assert_eq!(reply.ending, Ending::Partial(Broke::Failed(Cause::Deadline)));
    assert_eq!(world.requests_at("glm"), [0]);
    no_failure_is_counted(&world);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f32_however_often_the_machine_sleeps_nobody_is_paused_for_it() {
    // The second answer of each call tells nothing of the model either way.
    let refused = status(400, r#"{"error":{"code":"1301","message":"m"}}"#);
    let script = (0..6).flat_map(|_| [stream(vec![thought(), Do::Hang]), refused.clone()]).collect();
    let world = World::new(script, vec![]);
    for _ in 0..6 {
        let failure = ask_and_move(&world, 100, HOURS).await.unwrap_err();
        assert_eq!(causes(&failure.attempts), ["glm:cut", "glm:policy"]);
    }
    let keys = &world.providers.health()[0].keys;
    assert!(keys.iter().all(|key| key.state == BreakerState::Closed), "{keys:?}");
}

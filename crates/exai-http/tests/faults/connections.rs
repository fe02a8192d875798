//! F01, F02, F10 to F13, F31: connections that don't come about, stall, break, or are no longer wanted.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exai_provider::{BreakerState, ClockOverrides, Ending};
use exai_sim::provider::{End, answer_to, wide_answer_to};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::world::{HANG, World};

#[tokio::test]
async fn f01_a_refused_connection_is_tried_thrice_and_then_the_next_answers() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let nobody = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let world = World::with(|all| all[0].base_url = nobody);
    let started = Instant::now();
    let causes = ["glm:connect", "glm:connect", "glm:connect", "kimi:ok"];
    let reply = world.answer("hi", &causes, (0, 1)).await;
    assert_eq!(reply.text, answer_to("hi", 3));
    assert!(reply.attempts.iter().all(|one| one.n == 1), "none of them costs anything");
    assert!(started.elapsed() < Duration::from_secs(10), "sooner than the connect clock");
}

#[tokio::test]
async fn f02_a_tls_handshake_that_stalls_costs_one_connect_clock() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mute = format!("https://{}/v1", listener.local_addr().unwrap());
    let dials = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&dials);
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            held.push(stream);
        }
    });
    let clock = Duration::from_millis(1500);
    let world = World::with(|all| (all[0].base_url, all[0].connect_timeout) = (mute, clock));
    let started = Instant::now();
    let reply = world.answer("hi", &["glm:connect", "kimi:ok"], (0, 1)).await;
    assert!(started.elapsed() >= clock, "{:?}", started.elapsed());
    assert_eq!((reply.text, dials.load(Ordering::SeqCst)), (answer_to("hi", 3), 1));
}

/// After five events of ten this happens, the first time; the second time all is well.
async fn cut(fault: &str) {
    let prompt = format!("[[sim 1: chunks=10 after=5 {fault}]] [[sim: chunks=10]] why?");
    let world = World::new();
    let reply = world.answer(&prompt, &["glm:cut", "glm:ok"], (2, 0)).await;
    assert_eq!((reply.text, reply.ending), (answer_to(&prompt, 10), Ending::Whole));
    let ends: Vec<_> = world.sim.ended(&prompt, HANG).unwrap().iter().map(|r| r.ended.unwrap().how).collect();
    assert_eq!(ends, [End::Cut, End::Completed]);
}

#[tokio::test]
async fn f11_fin_within_chunks_is_a_cut() {
    cut("cut=fin").await;
}

#[tokio::test]
async fn f12_fin_of_a_body_without_length_is_a_cut_although_its_end_is_clean() {
    cut("cut=close").await;
}

#[tokio::test]
async fn f13_a_reset_is_a_cut() {
    cut("cut=rst").await;
}

/// Kimi takes its beginning back.
#[tokio::test]
async fn f10_what_a_stall_left_is_gone_on_from_and_gives_the_whole() {
    let prompt = "[[sim 1: chunks=10 width=80 after=5 stall]] [[sim: chunks=10 width=80]] why?";
    let world = World::with(|all| {
        all.remove(0);
        all[0].clocks = ClockOverrides { first_event: None, idle: Some(Duration::from_secs(1)) };
    });
    let reply = world.answer(prompt, &["kimi:stall_idle", "kimi:ok"], (0, 2)).await;
    assert_eq!((reply.text, reply.ending), (wide_answer_to(prompt, 10, 80), Ending::Whole));
    assert_eq!(reply.continued.len(), 1);
    assert_eq!(world.sim.ended(prompt, HANG).unwrap()[1].continues(), 400);
}

// Connections are closed by tasks of the client's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f31_a_cancelled_call_has_closed_its_connection_within_100_ms() {
    let world = World::with(|all| all[0].max_concurrency = 1);
    let mut took = Vec::new();
    for n in 0..11 {
        let prompt = format!("[[sim: after=1 stall]] {n}");
        let seen = async {
            while !world.sim.asked(&prompt).iter().any(|request| request.events >= 1) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = world.ask(&prompt) => panic!("it stalls"),
            () = seen => {}
        }
        let dropped = world.sim.now();
        let glm = &world.providers.health()[0];
        assert_eq!((glm.in_flight, glm.failures, glm.last_error), (0, 0, None));
        assert!(glm.keys.iter().all(|key| key.state == BreakerState::Closed), "{:?}", glm.keys);
        let ended = world.sim.ended(&prompt, HANG).unwrap()[0].ended.unwrap();
        assert_eq!((ended.how, world.counts(&prompt)), (End::ClientClosed, (1, 0)));
        took.push(ended.at.saturating_sub(dropped));
    }
    took.sort_unstable();
    // Of a machine that is busy with other things, not every time is this program's.
    assert!(took[took.len() / 2] <= Duration::from_millis(100), "{took:?}");
}

use crate::world::{Seen, World, ms, secs};
use exai_wire::{AdoptKey, CallId, Outcome};
const CHAT: &str = r#"{"name":"chat","ms":10000}"#;

fn ask(world: &mut World, shim: usize, n: u8, dl: u64) -> CallId {
    let now = world.now;
    world.call_with(shim, n, CHAT, |call| {
        call.adopt_key = Some(AdoptKey::from_bytes([5; 16]));
        call.deadline = now + secs(dl);
    })
}
fn leave(world: &mut World, shim: usize) {
    let now = world.now;
    world.shims[shim].bye(now, "stdin closed");
    world.run(ms(10));
}

#[test]
fn r1_two_drains_one_attempt() {
    let mut world = World::new(1);
    let call = world.call(0, 1, r#"{"name":"chat","ms":20000}"#);
    world.run(secs(3));
    world.drain();
    world.run(ms(9500));
    world.full = true;
    world.restart_daemon();
    world.run(secs(3));
    world.drain();
    world.run(ms(9500));
    world.full = false;
    world.restart_daemon();
    world.run(secs(40));
    println!("{:?} billed {} denied {:?}", world.seen.get(&call), world.billed(call), world.denied);
    assert!(matches!(world.only(call), Seen::Result { outcome: Outcome::Ok, .. }));
}

#[test]
fn r2_detach_during_outage() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(2));
    world.partitioned = true;
    world.reset_connections();
    world.run(ms(5));
    let now = world.now;
    world.shims[0].detach(now, first);
    world.partitioned = false;
    world.run(secs(2));
    let head = world.daemon.as_ref().unwrap().call_head(first).unwrap();
    println!("{head:?}");
    let again = ask(&mut world, 0, 2, 1200);
    world.run(secs(15));
    println!("billed {:?} {:?}", world.billed, world.seen.get(&again));
    assert!(head.detached);
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn r3_chain_of_followers() {
    let mut world = World::new(3);
    world.full = true;
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    leave(&mut world, 0);
    let second = ask(&mut world, 1, 2, 100);
    world.run(secs(1));
    leave(&mut world, 1);
    let d = world.daemon.as_ref().unwrap();
    println!(
        "first {:?}\nsecond {:?}",
        d.call_head(first).unwrap().state,
        d.call_head(second).unwrap().state
    );
    world.full = false;
    let third = ask(&mut world, 2, 3, 1200);
    world.run(secs(60));
    let d = world.daemon.as_ref().unwrap();
    println!(
        "first {:?} second {:?} third {:?}",
        d.call_head(first).unwrap().state,
        d.call_head(second).unwrap().state,
        d.call_head(third).unwrap().state
    );
    world.run(secs(60));
    println!("{:?}", world.seen.get(&third));
    assert!(matches!(world.only(third), Seen::Result { outcome: Outcome::Ok, .. }));
}

#[test]
fn r4_follower_out_of_time_asks_again() {
    let mut world = World::new(2);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    leave(&mut world, 0);
    let second = ask(&mut world, 1, 2, 6);
    world.run(secs(6));
    println!("second {:?}", world.seen.get(&second));
    let third = ask(&mut world, 1, 3, 1200);
    world.run(secs(20));
    println!(
        "billed {:?} third {:?} first {:?}",
        world.billed,
        world.seen.get(&third),
        world.daemon.as_ref().unwrap().call_head(first)
    );
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn r5_follower_cancelled_kills_handle() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    let now = world.now;
    world.shims[0].detach(now, first); // host holds a handle
    world.run(secs(1));
    let second = ask(&mut world, 0, 2, 1200);
    world.run(secs(1));
    let now = world.now;
    world.shims[0].cancel(now, second, "user");
    world.run(secs(12));
    println!("first {:?}", world.daemon.as_ref().unwrap().call_head(first));
    assert_eq!(world.daemon.as_ref().unwrap().call_head(first).unwrap().outcome, Some(Outcome::Ok));
}

#[test]
fn r6_detach_crosses_result() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(ms(10001));
    for _ in 0..4 {
        world.run(ms(1));
        let done = world.daemon.as_ref().unwrap().call_head(first).unwrap().outcome.is_some();
        if done {
            break;
        }
    }
    println!("answered {}", world.answered(first));
    let now = world.now;
    if !world.answered(first) {
        world.shims[0].detach(now, first);
    }
    world.run(secs(1));
    let second = ask(&mut world, 0, 2, 1200);
    world.run(secs(15));
    println!("billed {:?} second {:?}", world.billed, world.seen.get(&second));
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn s2a_detach_while_reconnecting() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(2));
    world.reset_connections();
    world.run_until("lost", |world| !matches!(world.shims[0].link(), exai_session::Link::Up { .. }));
    let now = world.now;
    world.shims[0].detach(now, first);
    world.run(secs(3));
    assert!(matches!(world.shims[0].link(), exai_session::Link::Up { .. }));
    let head = world.daemon.as_ref().unwrap().call_head(first).unwrap();
    println!("{head:?}");
    println!(
        "{}",
        world
            .log
            .iter()
            .filter(|l| l.contains("detach") || l.contains("hello"))
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
    let again = ask(&mut world, 0, 2, 1200);
    world.run(secs(15));
    println!("billed {:?} {:?}", world.billed, world.seen.get(&again));
    assert!(head.detached);
    assert_eq!(world.billed.len(), 1);
}

#[test]
fn s2b_detach_lost() {
    let mut world = World::new(1);
    let first = ask(&mut world, 0, 1, 1200);
    world.run(secs(2));
    world.partitioned = true;
    let now = world.now;
    world.shims[0].detach(now, first);
    world.run(ms(500));
    world.pairs.clear();
    world.run(secs(6));
    world.partitioned = false;
    world.run(secs(4));
    println!("{:?}", world.shims[0].link());
    let head = world.daemon.as_ref().unwrap().call_head(first).unwrap();
    println!("{head:?}");
    let again = ask(&mut world, 0, 2, 1200);
    world.run(secs(15));
    println!("billed {:?} {:?}", world.billed, world.seen.get(&again));
    assert!(head.detached);
}

#[test]
fn s2c_lost_detach_then_crash_parks_a_handle() {
    let mut world = World::new(1);
    let first = world.call(0, 1, r#"{"name":"chat","ms":20000}"#);
    world.run(secs(2));
    world.reset_connections();
    world.run_until("lost", |world| !matches!(world.shims[0].link(), exai_session::Link::Up { .. }));
    let now = world.now;
    world.shims[0].detach(now, first);
    world.run(secs(3));
    world.kill_daemon();
    world.restart_daemon();
    world.run(secs(30));
    let head = world.daemon.as_ref().unwrap().call_head(first).unwrap();
    println!("{head:?}");
    assert_eq!(head.outcome, Some(Outcome::Ok));
}

#[test]
fn s7_hello_while_considering() {
    let mut world = World::new(2);
    let other = world.call(1, 9, r#"{"name":"chat","ms":3000}"#);
    let _first = ask(&mut world, 0, 1, 1200);
    world.run(secs(1));
    let now = world.now;
    let lost: Vec<_> = world.pairs.iter().filter(|(s, ..)| *s == 0).map(|(.., p)| *p).collect();
    world.pairs.retain(|(s, ..)| *s != 0);
    for p in lost {
        world.daemon.as_mut().unwrap().closed(now, p);
    }
    world.dead.insert(0);
    let _second = ask(&mut world, 1, 2, 1200);
    world.run(ms(50));
    world.reset_connections();
    world.run(ms(5));
    let began = world.now;
    world.run_until("other", |world| world.answered(other));
    println!("other answered after {:?}", world.now - began);
    println!(
        "{}",
        world
            .log
            .iter()
            .filter(|l| l.contains("hello") || l.contains("Lost") || l.contains("Resumed"))
            .map(|l| l.chars().take(150).collect::<String>())
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn t1_text_of_a_parked_call() {
    let mut world = World::new(2);
    let call = ask(&mut world, 0, 1, 60);
    world.run(secs(1));
    let now = world.now;
    world.daemon.as_mut().unwrap().partial(call, 1, 0, "a long text that was paid for".into());
    world.settle();
    leave(&mut world, 0);
    world.run(secs(1));
    // attempt 1 breaks off; the executor wants the next one
    world.daemon.as_mut().unwrap().attempt(world.now, call, None, ("sim", "m1"), 0);
    world.settle();
    println!("{:?}", world.daemon.as_ref().unwrap().call_head(call).unwrap().state);
    let _ = now;
    let end = world.now + secs(70);
    while world.now < end {
        world.run(secs(1));
    }
    world.shims[1].attach(world.now, call, world.now + secs(100), None).unwrap();
    world.run(secs(2));
    println!("{:?}", world.seen.get(&call));
    panic!("look");
}

#[test]
fn t2_text_of_a_parked_call_that_is_fetched() {
    let mut world = World::new(2);
    let call = ask(&mut world, 0, 1, 600);
    world.run(secs(1));
    world.daemon.as_mut().unwrap().partial(call, 1, 0, "a long text that was paid for".into());
    world.settle();
    leave(&mut world, 0);
    world.daemon.as_mut().unwrap().attempt(world.now, call, None, ("sim", "m1"), 0);
    world.settle();
    let _again = ask(&mut world, 1, 2, 600);
    world.run(secs(2));
    println!("told {:?}", world.told.get(&call));
    panic!("look");
}

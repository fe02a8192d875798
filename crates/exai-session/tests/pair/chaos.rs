//! Random histories: calls, cancels, kills, partitions, freezes, drains. Whatever happens, the promises hold.

use exai_session::EndWhy;
use exai_wire::{CallId, Outcome};

use crate::world::{Seen, World, ms, secs};

struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

struct Asked {
    call: CallId,
    kind: &'static str,
    cancelled: bool,
}

fn history(seed: u64) -> (World, Vec<Asked>) {
    let mut dice = Dice(seed);
    let mut world = World::new(3);
    let mut asked: Vec<Asked> = Vec::new();
    let deadline = world.now + secs(400);
    for _ in 0..80 {
        match dice.roll(12) {
            0..=4 if asked.len() < 200 => {
                let kind = ["chat", "write", "version"][usize::try_from(dice.roll(3)).unwrap()];
                let params = format!(r#"{{"name":"{kind}","ms":{}}}"#, dice.roll(8000));
                let n = u8::try_from(asked.len() + 1).unwrap();
                let shim = usize::try_from(dice.roll(3)).unwrap();
                let call = world.call_with(shim, n, &params, |call| call.deadline = deadline);
                asked.push(Asked { call, kind, cancelled: false });
            }
            5 if !asked.is_empty() => {
                let n = usize::try_from(dice.roll(u64::try_from(asked.len()).unwrap())).unwrap();
                let (now, call) = (world.now, asked[n].call);
                // The host cancels on whichever shim it called; the others do not know the call.
                for shim in &mut world.shims {
                    shim.cancel(now, call, "user");
                }
                asked[n].cancelled = true;
            }
            6 => world.kill_daemon(),
            7 | 8 if world.daemon.is_none() => world.start_daemon(),
            9 => world.partitioned = !world.partitioned,
            10 if world.frozen => world.thaw(),
            10 => world.frozen = dice.roll(2) == 0,
            11 if world.daemon.is_some() && !world.frozen => world.drain(),
            _ => {}
        }
        world.run(ms(dice.roll(3000)));
    }
    world.partitioned = false;
    world.thaw();
    // A drain that was begun ends its daemon.
    world.run(secs(10));
    if world.daemon.is_none() {
        world.start_daemon();
    }
    (world, asked)
}

fn check(world: &World, asked: &[Asked], seed: u64) {
    for Asked { call, kind, cancelled } in asked {
        let seen = world.seen.get(call).cloned().unwrap_or_default();
        let why = || format!("seed {seed} call {call} {kind} saw {seen:?}\n{}", world.log.join("\n"));
        assert!(seen.len() <= 1, "answered twice: {}", why());
        assert!(*cancelled || seen.len() == 1, "never answered: {}", why());
        let billed = world.billed(*call);
        assert!(billed <= if *kind == "write" { 1 } else { 3 }, "billed {billed} times: {}", why());
        match seen.first() {
            Some(Seen::Result { outcome: Outcome::OutcomeUnknown, .. }) => {
                assert_eq!(*kind, "write", "{}", why())
            }
            Some(Seen::Result { outcome: Outcome::Ok, body, attempts, .. }) => {
                assert!(body.contains(&call.to_string()), "another call's answer: {}", why());
                let stated = usize::try_from(*attempts).unwrap();
                assert!(*kind == "version" || stated >= billed, "stated {stated} of {billed}: {}", why());
            }
            Some(Seen::End { why: end, .. }) => assert_eq!(*end, EndWhy::Deadline, "{}", why()),
            Some(Seen::Result { .. }) | None => {}
        }
    }
}

/// How many histories: enough for every push; `EXAI_SEEDS` lengthens the run.
#[expect(clippy::disallowed_methods, reason = "a test's own size")]
fn seeds() -> u64 {
    std::env::var("EXAI_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

#[test]
fn the_promises_hold_in_random_histories() {
    for seed in 0..seeds() {
        let (mut world, asked) = history(seed);
        world.run(secs(400));
        check(&world, &asked, seed);
        let open: usize = world.shims.iter().map(exai_session::ShimEnd::open_calls).sum();
        assert_eq!(open, 0, "seed {seed}: calls left open");
        assert!(
            world.daemon.as_ref().is_some_and(|daemon| daemon.in_flight() == 0),
            "seed {seed}: work left over"
        );
    }
}

//! Hosts that ask much at once, and hosts that don't read.

use std::sync::{Arc, Barrier};

use exai_sim::host::{Host, Pending, Progress, Revision, Stderr};
use exai_sim::process::HANG;
use serde_json::Value;

use crate::world::{World, assert_orderly, assert_whole, chat, list_models, text_of};

/// A provider that answers nobody before so many ask at the same time.
fn all_at_once(world: &World, count: usize) {
    let barrier = Arc::new(Barrier::new(count));
    world.provider.decide(move |_| {
        barrier.wait();
        None
    });
}

fn assert_all_whole(calls: &[(&Host, String, Pending)]) {
    for (host, prompt, pending) in calls {
        assert_whole(&host.wait(pending, HANG).unwrap(), prompt, 3);
    }
}

#[test]
fn calls_of_one_shim_run_at_once() {
    for count in [4, 64] {
        // Four of a session's are kept for the other provider.
        let world = World::with(&[("GLM_MAX_CONCURRENCY", "64"), ("EXAI_WS_SESSION_MAX_INFLIGHT", "68")]);
        let _daemon = world.daemon();
        all_at_once(&world, count);
        let host = world.host();
        let calls: Vec<_> = (0..count)
            .map(|n| format!("question {n} of {count}"))
            .map(|prompt| (&host, prompt.clone(), chat(&host, &prompt)))
            .collect();
        assert_all_whole(&calls);
        assert_eq!(world.provider.requests().len(), count);
        assert_orderly(&host);
    }
}

#[test]
fn calls_of_four_shims_run_at_once() {
    let world = World::new();
    let _daemon = world.daemon();
    all_at_once(&world, 4);
    let hosts: Vec<Host> = (0..4).map(|_| world.host()).collect();
    let ask = |(n, host)| {
        let prompt = format!("question of shim {n}");
        let pending = chat(host, &prompt);
        (host, prompt, pending)
    };
    let calls: Vec<_> = hosts.iter().enumerate().map(ask).collect();
    assert_all_whole(&calls);
    hosts.iter().for_each(assert_orderly);
}

/// Calls that a host makes without waiting; a shim has room for 1000 that are open.
const WINDOW: usize = 500;

#[test]
fn a_host_that_never_reads_stderr_blocks_nothing_however_much_is_logged() {
    /// More than a pipe holds.
    const PIPE_BYTES: u64 = 64 * 1024;
    let world = World::with(&[("LOG_LEVEL", "trace")]);
    let daemon = world.daemon();
    let host = Host::spawn(world.exai.shim().stderr(Stderr::NeverRead)).unwrap();
    host.initialize(Revision::V2025_11_25).unwrap();
    for _ in 0..8 {
        let calls: Vec<Pending> =
            (0..WINDOW).map(|_| host.call("version", Value::Null, Progress::Unwanted).unwrap()).collect();
        for pending in &calls {
            text_of(&host.wait(pending, HANG).unwrap());
        }
    }
    daemon.kill().unwrap();
    let held = list_models(&host);
    let _second = world.daemon();
    text_of(&host.wait(&held, HANG).unwrap());
    host.close_stdin();
    assert_eq!(host.wait_exit(HANG).unwrap().status.code(), Some(0));
    let logs = std::fs::read_dir(world.exai.state_dir().join("logs")).unwrap().flatten();
    let shims = logs.filter(|log| log.file_name().to_string_lossy().starts_with("shim.log"));
    let logged: u64 = shims.map(|log| log.metadata().unwrap().len()).sum();
    assert!(logged > PIPE_BYTES, "{logged} bytes would fit into the pipe");
    assert_orderly(&host);
}

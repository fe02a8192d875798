//! How a shim ends: promptly, in every situation, and for no other reason than its host.

use std::time::Duration;

use exai_sim::host::{Host, Progress, Revision};
use exai_sim::process::{HANG, Signal};
use exai_sim::provider::End;
use serde_json::json;

use crate::world::{World, check, check_schemas, installation};

/// Far below anything that a shim waits for, far above what a busy machine adds to 100 ms.
const PROMPT: Duration = Duration::from_secs(5);

const SIGNALS: [Signal; 3] = [Signal::Terminate, Signal::Interrupt, Signal::Hangup];

#[derive(Clone, Copy, Debug)]
enum How {
    StdinEnds,
    StdoutCloses,
    Signal(Signal),
}

impl How {
    const ALL: [Self; 5] = [
        Self::StdinEnds,
        Self::StdoutCloses,
        Self::Signal(SIGNALS[0]),
        Self::Signal(SIGNALS[1]),
        Self::Signal(SIGNALS[2]),
    ];

    fn end(self, host: &Host) {
        match self {
            Self::StdinEnds => host.close_stdin(),
            Self::Signal(signal) => host.signal(signal).unwrap(),
            Self::StdoutCloses => {
                host.close_stdout_after_next_line();
                host.request("ping", json!({})).unwrap();
            }
        }
        let exit = host.wait_exit(PROMPT).unwrap();
        assert!(exit.status.success(), "{self:?}: {}", exit.status);
        let transcript = host.transcript();
        transcript.check().unwrap();
        check_schemas(&transcript);
        assert!(host.stderr_tail().lines().count() <= 5, "{self:?}: {}", host.stderr_tail());
    }
}

#[test]
fn before_its_host_has_said_anything() {
    let exai = installation();
    for how in How::ALL {
        let host = exai.host().unwrap();
        if matches!(how, How::Signal(_)) {
            // A signal that comes before the program has begun to listen ends it too, but not with 0.
            host.request("ping", json!({})).and_then(|pending| host.wait(&pending, HANG)).unwrap();
        }
        how.end(&host);
    }
}

#[test]
fn after_a_conversation() {
    let world = World::new();
    for how in How::ALL {
        let host = world.greeted(Revision::V2025_11_25);
        host.ask("version", json!({})).unwrap();
        how.end(&host);
    }
}

#[test]
fn with_calls_at_work_which_the_daemon_keeps() {
    let world = World::new();
    for (number, how) in How::ALL.into_iter().enumerate() {
        let host = world.greeted(Revision::V2025_11_25);
        let prompt = format!("[[sim: chunks=4 pause=400ms after=1]] {number}");
        host.call("chat", json!({"prompt": prompt}), Progress::Wanted).unwrap();
        world
            .provider
            .wait_for(HANG, |all| all.iter().any(|r| *r.prompt == *prompt && r.events > 0))
            .unwrap();
        how.end(&host);
        let ended =
            world.provider.wait_for(HANG, |all| all.iter().any(|r| *r.prompt == *prompt && !r.is_open()));
        let ended = ended.unwrap().into_iter().find(|r| *r.prompt == *prompt).unwrap();
        assert_eq!(ended.ended.unwrap().how, End::Completed, "{how:?}: an end is no cancel");
    }
}

#[test]
fn while_no_daemon_answers() {
    let exai = installation();
    for how in How::ALL {
        let host = exai.host().unwrap();
        host.initialize(Revision::V2025_11_25).unwrap();
        host.call("chat", json!({"prompt": "held"}), Progress::Wanted).unwrap();
        // `version` is answered by the shim itself, once it has found no daemon for a while.
        let version = host.ask("version", json!({})).unwrap();
        assert!(version.text().unwrap().contains("out of reach"), "{}", version.line);
        how.end(&host);
    }
}

#[test]
fn what_was_asked_before_the_end_of_stdin_and_needs_no_daemon_is_answered() {
    let exai = installation();
    let host = exai.host().unwrap();
    let pending = host.send_initialize(Revision::V2025_11_25).unwrap();
    let list = host.request("tools/list", json!({})).unwrap();
    host.close_stdin();
    assert!(host.wait_exit(PROMPT).unwrap().status.success());
    host.wait(&pending, HANG).unwrap();
    host.wait(&list, HANG).unwrap();
    check(&host);
}

//! Homes, state directories, working directories and log levels: none of them keeps a shim from serving.

use std::path::Path;
use std::process::Command;

use exai_sim::host::{Host, HostConfig, Progress, Revision, Stderr};
use exai_sim::process::{HANG, Port};
use exai_sim::provider::answer_to;
use serde_json::{Value, json};

use crate::gate::Gate;
use crate::world::{TOOLS, World, ask, check, names};

/// A greeting, a list, a call, an error: through a shim that has nothing but this environment.
fn converse(world: &World, host: &Host) {
    host.initialize(Revision::V2025_11_25).unwrap();
    assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
    let prompt = format!("surroundings {}", world.provider.requests().len());
    let chat = host.ask("chat", json!({"prompt": prompt})).unwrap();
    assert!(chat.text().unwrap().starts_with(&answer_to(&prompt, 3)), "{}", chat.line);
    assert!(!host.ask("version", json!({})).unwrap().is_tool_error());
    assert_eq!(ask(host, "no/such", Value::Null).error_code(), Some(-32601));
    check(host);
    assert_eq!(host.stderr_tail(), "");
    host.close_stdin();
    assert!(host.wait_exit(HANG).unwrap().status.success());
}

/// A world whose daemon is found by its port, by shims that know nothing else.
fn by_port() -> (World, Port) {
    let port = Port::reserve().unwrap();
    let world = World::with(&[("EXAI_WS_PORT", &port.number().to_string())]);
    (world, port)
}

fn bare(world: &World, port: &Port) -> HostConfig {
    HostConfig::program(world.exai.exe(), &["shim"]).env("EXAI_WS_PORT", &port.number().to_string())
}

#[test]
fn a_shim_without_a_home_serves() {
    let (world, port) = by_port();
    converse(&world, &Host::spawn(bare(&world, &port)).unwrap());
    let nowhere = bare(&world, &port).env("HOME", "").env("XDG_STATE_HOME", "");
    converse(&world, &Host::spawn(nowhere).unwrap());
    let relative = bare(&world, &port).env("HOME", "not/absolute").directory(world.exai.home());
    converse(&world, &Host::spawn(relative).unwrap());
    assert!(!world.exai.home().join("not").exists(), "written below the working directory");
}

#[test]
fn a_state_directory_that_is_absent_or_can_t_be_written_costs_the_log_and_nothing_else() {
    let (world, port) = by_port();
    let home = world.exai.home();
    std::fs::write(home.join("file"), "in the way").unwrap();
    for state in [home.join("file"), home.join("file/state"), Path::new("/proc/exai").to_owned()] {
        let config = bare(&world, &port).env("HOME", &home.to_string_lossy());
        converse(&world, &Host::spawn(config.env("EXAI_STATE_DIR", &state.to_string_lossy())).unwrap());
    }
    let absent = home.join("not/yet/there");
    let config = bare(&world, &port).env("EXAI_STATE_DIR", &absent.to_string_lossy());
    converse(&world, &Host::spawn(config).unwrap());
    assert_eq!(std::fs::read_to_string(home.join("file")).unwrap(), "in the way");
}

#[test]
fn the_working_directory_decides_about_nothing() {
    let (world, port) = by_port();
    let directory = world.exai.home().join("project");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join(".env"), "EXAI_WS_PORT=1\nEXAI_WS_TOKEN=wrong\nnonsense").unwrap();
    std::fs::write(directory.join("endpoint.json"), "{}").unwrap();
    converse(&world, &Host::spawn(bare(&world, &port).directory(&directory)).unwrap());
    converse(&world, &Host::spawn(bare(&world, &port).directory(Path::new("/"))).unwrap());
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 2, "nothing was written there");

    let mut gone = Command::new("/bin/sh");
    let gone_dir = world.exai.home().join("gone");
    std::fs::create_dir(&gone_dir).unwrap();
    gone.args(["-c", "cd \"$0\" && rmdir \"$0\" && exec \"$1\" shim"]).arg(&gone_dir).arg(world.exai.exe());
    gone.env_clear().env("EXAI_WS_PORT", port.number().to_string());
    converse(&world, &Host::spawn(HostConfig::new(gone)).unwrap());
}

#[test]
fn nothing_but_json_rpc_is_on_stdout_at_the_most_talkative_level() {
    let world = World::with(&[("LOG_LEVEL", "trace"), ("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")]);
    let gate = Gate::hold(&world.provider);
    let host = Host::spawn(world.exai.shim().stderr(Stderr::NeverRead)).unwrap();
    host.initialize(Revision::V2025_06_18).unwrap();
    let pending: Vec<_> = (0..40)
        .map(|n| host.call("chat", json!({"prompt": format!("talk {n}")}), Progress::Wanted).unwrap())
        .collect();
    world.provider.wait_for(HANG, |requests| !requests.is_empty()).unwrap();
    world.daemon.kill().unwrap();
    let restarted = world.exai.daemon().unwrap();
    // All at once: which of them the provider's slots go to first is not the host's to say.
    (0..40).for_each(|n| gate.let_go(&format!("talk {n}")));
    for pending in &pending {
        host.wait(pending, HANG).unwrap();
    }
    for n in 0..200 {
        ask(&host, "no/such", json!({"n": n}));
    }
    host.send_raw(b"no JSON").unwrap();
    host.ask("status", json!({})).unwrap();
    check(&host);
    let log = std::fs::read_to_string(world.exai.state_dir().join("logs/shim.log")).unwrap();
    assert!(log.contains("session lost") && !log.contains("talk 1"), "{log}");
    drop(restarted);
}

//! The image by itself, and what it needs from the machine.

use exai_sim::process::{HANG, poll};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::view::{chat, whole};
use crate::world::{Logs, World};

/// The largest that the image may be, in bytes.
const BYTES_MAX: u64 = 20_000_000;

pub(crate) fn it_holds_one_program_and_is_small(engine: &Engine) {
    let image = engine.docker(&["image", "inspect", "--format", "{{json .}}", engine.image()]);
    let image: Value = serde_json::from_str(&image).unwrap();
    let size = image["Size"].as_u64().unwrap();
    assert!(size < BYTES_MAX, "{size} bytes");
    println!("the image has {size} bytes");
    // The program, and the empty directory of the state.
    assert_eq!(image["RootFS"]["Layers"].as_array().unwrap().len(), 2);
    let config = &image["Config"];
    assert_eq!((&config["User"], &config["Volumes"]), (&json!("65532:65532"), &json!({"/var/lib/exai": {}})));
    assert_eq!(config["Healthcheck"]["Test"], json!(["CMD", "/exai", "health"]));
    let version =
        engine.docker(&["run", "--rm", "--read-only", "--network", "none", engine.image(), "version"]);
    assert_eq!(version.trim(), concat!("exai ", env!("CARGO_PKG_VERSION")));
}

pub(crate) fn logs_of_somebody_else_are_told_and_the_daemon_works_on(engine: &Engine) {
    let world = World::new(engine, Logs::SomebodyElses);
    for sentence in ["can't write the log file", "can't write the health file"] {
        let said = || world.log().contains(sentence).then_some(());
        poll(HANG, said).unwrap_or_else(|| panic!("{sentence:?} is not in {}", world.log()));
    }
    assert_eq!((world.kept_log("daemon.log"), world.kept_log("ws_daemon.health.json")), (None, None));
    let host = world.host();
    let pending = chat(&host, "all the same");
    whole(&host, &pending, "all the same", 3);
    drop(world);

    let world = World::new(engine, Logs::Everybodys);
    let health: Value = serde_json::from_str(&world.kept_log("ws_daemon.health.json").unwrap()).unwrap();
    assert_eq!(health["state"], "ready");
    assert!(world.kept_log("daemon.log").unwrap().contains("listening"));
    // Told to end, the first process of the container ends in order and in time, or it would be killed: 137.
    world.compose(&["stop"]);
    assert_eq!(world.inspect("{{.State.ExitCode}}"), "0");
    assert!(world.kept_log("daemon.log").unwrap().contains("draining reason=\"SIGTERM\""));
}

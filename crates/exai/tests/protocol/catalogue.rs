//! `catalogue.json`: what the daemon told last, and what becomes of a file that is broken.

use exai_sim::host::{Host, Revision};
use exai_sim::process::HANG;
use serde_json::{Value, json};

use crate::fake_daemon::FakeDaemon;
use crate::world::{TOOLS, World, check, installation, names};

#[test]
fn a_corrupted_snapshot_is_ignored_and_written_anew() {
    let world = World::new();
    let path = world.exai.state_dir().join("catalogue.json");
    let forged = json!({"schema": 1, "release": env!("CARGO_PKG_VERSION"), "hash": "h", "sha256": "00",
        "tools": [{"name": "forged", "inputSchema": {"type": "object"}}]})
    .to_string();
    for broken in ["", "{", "null", "[]", "\u{fffd}\u{0}", "{\"schema\":1}", &forged] {
        std::fs::write(&path, broken).unwrap();
        let host = world.host();
        host.initialize(Revision::V2025_11_25).unwrap();
        assert_eq!(names(&host.list_tools().unwrap()), TOOLS, "{broken:?}");
        host.ask("version", json!({})).unwrap();
        let rewritten = || {
            let file: Value = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
            file["tools"].as_array().is_some_and(|tools| tools.len() == TOOLS.len()).then_some(())
        };
        wait_until(&host, rewritten);
        check(&host);
    }
}

/// Looks again after every answer of the shim, which is what lets its other work go on in between.
fn wait_until(host: &Host, mut look: impl FnMut() -> Option<()>) {
    let began = host.now();
    while look().is_none() {
        assert!(host.now() - began < HANG, "not seen");
        host.request("ping", Value::Null).and_then(|pending| host.wait(&pending, HANG)).unwrap();
    }
}

#[test]
fn a_snapshot_that_is_a_directory_is_ignored() {
    let exai = installation();
    std::fs::create_dir(exai.state_dir().join("catalogue.json")).unwrap();
    let host = exai.host().unwrap();
    host.discover().unwrap();
    assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
    check(&host);
}

#[test]
fn a_snapshot_of_another_release_is_ignored() {
    let daemon = FakeDaemon::start();
    daemon.change_tools();
    let exai = daemon.installation();
    let host = exai.host().unwrap();
    host.initialize(Revision::V2025_11_25).unwrap();
    host.ask("chat", json!({"prompt": "x"})).unwrap();
    let path = exai.state_dir().join("catalogue.json");
    wait_until(&host, || std::fs::read_to_string(&path).ok()?.contains("newer").then_some(()));
    let text = std::fs::read_to_string(&path).unwrap();
    let release = format!("\"release\":\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&release), "{text}");
    std::fs::write(&path, text.replace(&release, "\"release\":\"0.0.1\"")).unwrap();
    let next = exai.host().unwrap();
    next.initialize(Revision::V2025_11_25).unwrap();
    assert_eq!(names(&next.list_tools().unwrap()), TOOLS);
    check(&next);
}

//! Which tools are listed.

use exai_wire::{Catalogue, DaemonFrame, ShimFrame};

use super::world::{Daemon, Host, nowhere, options, raw};

fn listed(host: &mut Host) -> Vec<String> {
    host.say(r#"{"jsonrpc":"2.0","id":"list","method":"tools/list"}"#);
    let line = host.hear();
    assert_eq!(line["id"], "list", "{line}");
    line["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn other_tools_of_the_daemon_are_announced_kept_and_shown_by_the_next_shim() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("catalogue.json"), "{\"schema\":1,").unwrap();
    let daemon = Daemon::listen();
    let mut host = Host::start(options(Some(&daemon.url()), Some(state.path())));
    host.say(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"0"}}}"#);
    host.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(host.hear()["id"], 0);
    assert_eq!(listed(&mut host), ["chat", "status"], "a corrupted snapshot is ignored");

    host.call(1, "chat", "{}");
    let (mut conn, hello) = daemon.accept();
    conn.welcome(&hello, "1.2.3", "other");
    let mut call_id = None;
    for _ in 0..2 {
        match conn.next() {
            ShimFrame::GetCatalogue => {
                let tools = raw(r#"[{"name":"review","inputSchema":{"type":"object"}}]"#);
                conn.send(&DaemonFrame::Catalogue(Catalogue { hash: "other".to_owned(), tools }));
            }
            ShimFrame::Call(call) => call_id = Some(call.call_id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(host.hear()["method"], "notifications/tools/list_changed");
    assert_eq!(listed(&mut host), ["review"]);
    conn.result(call_id.unwrap(), "done");
    assert_eq!(host.told(1).0, "done");
    host.end();

    let nowhere = nowhere();
    let mut next = Host::start(options(Some(&nowhere), Some(state.path())));
    assert_eq!(listed(&mut next), ["review"]);
    next.end();
}

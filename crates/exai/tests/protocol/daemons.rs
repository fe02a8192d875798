//! What a shim finds at the daemon's address: nothing, somebody else, the wrong token, another release.
//!
//! A sentence that comes "at once" comes within the bound of any wait here, which is shorter than the hold of a call.

use std::net::{TcpListener, TcpStream};

use exai_sim::host::{Host, Progress, Revision};
use exai_sim::process::{Exai, HANG, Port};
use exai_sim::provider::{SimProvider, answer_to};
use serde_json::json;

use crate::fake_daemon::FakeDaemon;
use crate::world::{TOOLS, World, check, greet, installation, names};

/// A failed call, with and without a progress token: both are told `words`.
fn told(host: &Host, words: &[&str]) {
    let calls = [Progress::Unwanted, Progress::Wanted]
        .map(|progress| host.call("chat", json!({"prompt": "x"}), progress).unwrap());
    for call in &calls {
        let answer = host.wait(call, HANG).unwrap();
        let text = answer.text().unwrap();
        assert!(answer.is_tool_error(), "{text}");
        for word in words {
            assert!(text.contains(word), "{word:?} is not in: {text}");
        }
    }
}

#[test]
fn a_daemon_whose_port_is_taken_says_which_and_ends() {
    let exai = installation();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut exai = exai;
    let port = taken.local_addr().unwrap().port().to_string();
    exai.set("EXAI_WS_PORT", &port);
    let output = exai.run(&["daemon"], HANG).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap();
    assert!(![0, 75, 78].contains(&code), "{code}: {stderr}");
    assert!(stderr.contains(&port) && stderr.contains("EXAI_WS_PORT"), "{stderr}");
}

#[test]
fn a_daemon_beyond_loopback_without_a_token_is_refused_with_what_to_set() {
    let mut exai = installation();
    exai.set("EXAI_WS_HOST", "0.0.0.0").set("EXAI_WS_PORT", "0");
    let output = exai.run(&["daemon"], HANG).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("EXAI_WS_TOKEN"), "{stderr}");
}

#[test]
fn a_token_that_does_not_match_is_told_at_once_and_never_shown() {
    let port = Port::reserve().unwrap();
    let (right, wrong) = ("the-right-token-of-this-test", "the-wrong-token-of-this-test");
    let mut world = World::with(&[("EXAI_WS_PORT", &port.number().to_string()), ("EXAI_WS_TOKEN", right)]);
    for token in [Some(wrong), None] {
        match token {
            Some(token) => world.exai.set("EXAI_WS_TOKEN", token),
            None => world.exai.unset("EXAI_WS_TOKEN"),
        };
        for revision in Revision::ALL {
            let host = world.greeted(revision);
            assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
            told(&host, &["EXAI_WS_TOKEN", "token", &port.number().to_string()]);
            for tool in ["version", "status"] {
                host.ask(tool, json!({})).unwrap();
            }
            let transcript = check(&host);
            assert!(!transcript.received().any(|line| line.text.contains("token-of-this-test")));
        }
    }
    assert!(!world.exai.log_tails().contains("token-of-this-test"));
    world.exai.set("EXAI_WS_TOKEN", right);
    let host = world.greeted(Revision::V2025_11_25);
    assert!(
        host.ask("chat", json!({"prompt": "x"})).unwrap().text().unwrap().starts_with(&answer_to("x", 3))
    );
}

#[test]
fn a_daemon_that_speaks_no_common_version_is_told_at_once() {
    let daemon = FakeDaemon::rejecting(json!({
        "t": "reject", "code": "version", "message": "This daemon speaks versions 7 to 8 of the session protocol",
        "supported": {"min": 7, "max": 8},
    }));
    let exai = daemon.installation();
    let host = exai.host().unwrap();
    greet(&host, Revision::V2025_11_25);
    told(&host, &["versions 7 to 8", "same release"]);
    assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
    check(&host);
    assert!(daemon.hellos().iter().all(|hello| hello["proto"]["max"].is_u64()));
}

#[test]
fn a_daemon_of_an_earlier_or_later_release_serves() {
    for release in ["0.0.1", "99.0.0", ""] {
        let daemon = FakeDaemon::of_release(release);
        let exai = daemon.installation();
        let host = exai.host().unwrap();
        greet(&host, Revision::V2025_11_25);
        let answer = host.ask("chat", json!({"prompt": release})).unwrap();
        assert!(answer.text().unwrap().contains("fake answer"), "{}", answer.line);
        check(&host);
    }
}

/// An installation that dials this port, and gives up a call's wait after a second.
fn dialling(port: u16) -> Exai {
    let mut exai = installation();
    exai.set("EXAI_WS_PORT", &port.to_string()).set("EXAI_HOLD", "1s").set("EXAI_CALL_TIMEOUT", "3s");
    exai
}

#[test]
fn a_web_server_at_the_address_is_named_as_no_daemon() {
    // Any path but its own is "404" there.
    let provider = SimProvider::start().unwrap();
    let port = provider.address().port();
    let exai = dialling(port);
    let host = exai.host().unwrap();
    greet(&host, Revision::V2025_11_25);
    told(&host, &[&format!("127.0.0.1:{port}"), "404"]);
    let version = host.ask("version", json!({})).unwrap();
    assert!(
        !version.is_tool_error() && version.text().unwrap().contains(&port.to_string()),
        "{}",
        version.line
    );
    check(&host);
}

#[test]
fn a_server_that_says_nothing_or_nonsense_is_named_with_what_happened() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let exai = dialling(port);
    let host = exai.host().unwrap();
    greet(&host, Revision::V2025_11_25);
    told(&host, &[&format!("127.0.0.1:{port}"), "out of reach"]);
    let status = host.ask("status", json!({})).unwrap().text().unwrap();
    assert!(status.contains("did not answer within"), "{status}");
    check(&host);
    drop(host);

    let rude = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = rude.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in rude.incoming().flatten() {
            greet_like_ssh(stream);
        }
    });
    let exai = dialling(port);
    let host = exai.host().unwrap();
    greet(&host, Revision::V2025_11_25);
    told(&host, &[&format!("127.0.0.1:{port}")]);
    check(&host);
}

fn greet_like_ssh(mut stream: TcpStream) {
    // Whether anybody reads it does not matter.
    let _ = std::io::Write::write_all(&mut stream, b"SSH-2.0-OpenSSH_9.9\r\n");
}

#[test]
fn nothing_at_the_address_is_told_with_the_address_the_error_and_what_to_do() {
    let port = Port::reserve().unwrap();
    let exai = dialling(port.number());
    let host = exai.host().unwrap();
    greet(&host, Revision::V2026_07_28);
    let address = format!("127.0.0.1:{}", port.number());
    told(&host, &[&address, "refused", "exai daemon", "not run"]);
    for tool in ["version", "status"] {
        let answer = host.ask(tool, json!({})).unwrap();
        assert!(!answer.is_tool_error() && answer.text().unwrap().contains(&address), "{}", answer.line);
    }
    check(&host);
}

#[test]
fn a_local_daemons_file_that_is_missing_broken_or_left_behind_is_told_with_what_to_do() {
    let mut exai = installation();
    exai.set("EXAI_HOLD", "500ms").set("EXAI_CALL_TIMEOUT", "1500ms");
    let port = Port::reserve().unwrap();
    let left_behind = json!({"url": format!("ws://127.0.0.1:{}/", port.number()), "token": "t", "version": "0.0.1", "pid": 1});
    let file = exai.state_dir().join("endpoint.json");
    for (content, words) in [
        (None, ["no local exai daemon runs", "exai daemon"]),
        (Some("{".to_owned()), ["endpoint.json", "malformed"]),
        (Some("[]".to_owned()), ["endpoint.json", "malformed"]),
        (Some(left_behind.to_string()), ["refused", "exai daemon"]),
    ] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let host = exai.host().unwrap();
        greet(&host, Revision::V2025_11_25);
        told(&host, &words);
        check(&host);
    }
    // A daemon writes its own, whatever stood there.
    let provider = SimProvider::start().unwrap();
    exai.with_provider(&provider);
    let _daemon = exai.daemon().unwrap();
    let host = exai.host().unwrap();
    let answer = host.ask("chat", json!({"prompt": "x"})).unwrap();
    assert!(answer.text().unwrap().starts_with(&answer_to("x", 3)), "{}", answer.line);
    check(&host);
}

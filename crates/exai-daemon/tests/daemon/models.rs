//! Which models there are, as the daemon finds out and tells.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use exai_settings::{Discovery, Secret};
use exai_sim::provider::{ErrorReply, Reply, Script, SimProvider};
use exai_wire::DaemonFrame;

use crate::world::{Daemon, HANG, Shim};

/// A daemon whose providers `kimi` and `glm` are both the simulated one.
fn daemon(provider: &SimProvider, discovery: Discovery) -> Daemon {
    Daemon::start_with(|options| {
        for known in &mut options.settings.providers {
            known.base_url = provider.base_url(&known.name);
            known.key = Some(Secret::new("sk-simulated"));
        }
        options.settings.models.discovery = discovery;
    })
}

/// The result of a call of a tool, as JSON.
fn result(shim: &mut Shim, n: u8, params: &str) -> String {
    shim.call(n, params);
    loop {
        if let DaemonFrame::Result(result) = shim.next() {
            return result.body.get().to_owned();
        }
    }
}

fn models(shim: &mut Shim, n: u8) -> String {
    result(shim, n, r#"{"name":"listmodels"}"#)
}

fn ask(shim: &mut Shim, n: u8, model: &str) -> String {
    let arguments = format!(r#"{{"prompt":"[[sim: text=Whales]] hi","model":"{model}"}}"#);
    result(shim, n, &format!(r#"{{"name":"chat","arguments":{arguments}}}"#))
}

#[test]
fn a_model_that_a_provider_tells_of_is_listed_and_can_be_asked() {
    let provider = SimProvider::start().unwrap();
    provider.list_models(&["kimi-next"]);
    let daemon = daemon(&provider, Discovery::On);
    let mut shim = daemon.shim(1);
    assert!(!models(&mut shim, 1).contains("kimi-next"));
    provider.wait_models(1, HANG).unwrap();
    let since = Instant::now();
    let text = loop {
        let text = models(&mut shim, 2);
        if text.contains("kimi-next") {
            break text;
        }
        assert!(since.elapsed() < HANG, "{text}");
        std::thread::park_timeout(Duration::from_millis(5));
    };
    assert!(text.contains("kimi-next (kimi) · found at the provider"), "{text}");
    assert!(ask(&mut shim, 3, "kimi-next").contains("Whales"));
    assert_eq!(provider.models_asked(), 1, "GLM has no such list");
    daemon.stop();
}

#[test]
fn whatever_comes_instead_of_a_list_the_daemon_works_as_ever() {
    let mib = ErrorReply { body: " ".repeat((1 << 20) + 1), ..ErrorReply::glm(200, "", "") };
    let garbage = ErrorReply { body: "<html>no</html>".to_owned(), ..ErrorReply::glm(200, "", "") };
    let refused = ErrorReply::kimi(401, "invalid_authentication_error", "who are you");
    for reply in [Reply::Error(mib), Reply::Error(garbage), Reply::Error(refused), Reply::Hang] {
        let provider = SimProvider::start().unwrap();
        provider.set_models(reply.clone());
        let daemon = daemon(&provider, Discovery::On);
        provider.wait_models(1, HANG).unwrap();
        let mut shim = daemon.shim(1);
        assert!(ask(&mut shim, 1, "kimi").contains("Whales"), "{reply:?}");
        assert!(!models(&mut shim, 2).contains("found at the provider"));
        assert!(!result(&mut shim, 3, r#"{"name":"status"}"#).contains("failed"));
        daemon.stop();
        provider.wait_sockets(0, HANG).unwrap();
    }
}

#[test]
fn in_a_drain_nobody_is_asked() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, Discovery::On);
    let mut shim = daemon.shim(1);
    // Ends after the moment at which a daemon asks first.
    shim.call(1, r#"{"name":"chat","arguments":{"prompt":"[[sim: chunks=5 gap=700ms text=Whales]] hi","model":"kimi"}}"#);
    provider.wait_for(HANG, |requests| requests.len() == 1).unwrap();
    assert_eq!(daemon.ask("POST", "/stop", &[&daemon.bearer()]).0, 202);
    loop {
        if let DaemonFrame::Result(result) = shim.next() {
            break assert!(result.body.get().contains("Whales"));
        }
    }
    assert_eq!(daemon.end().0, ExitCode::SUCCESS);
    assert_eq!(provider.models_asked(), 0);
}

#[test]
fn switched_off_nobody_is_asked() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, Discovery::Off);
    let mut shim = daemon.shim(1);
    let refusal = ErrorReply::kimi(404, "resource_not_found_error", "no such model");
    provider.push(Script { reply: Reply::Error(refusal), ..Script::default() });
    assert!(
        ask(&mut shim, 1, "kimi-k2.6").contains("The successor of kimi-k2.6 is kimi-k3.1-pro: ask that.")
    );
    // Longer than a daemon waits that asks.
    std::thread::park_timeout(Duration::from_millis(2_500));
    assert!(ask(&mut shim, 2, "kimi").contains("Whales"));
    assert_eq!(provider.models_asked(), 0);
    daemon.stop();
}

#[test]
fn a_retired_model_is_told_of_and_not_asked() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, Discovery::Off);
    let mut shim = daemon.shim(1);
    let text = ask(&mut shim, 1, "kimi-latest");
    assert!(text.contains("kimi-latest was retired on 2026-05-25; ask kimi-k3.1-pro."), "{text}");
    assert!(text.contains(r#""error":"retired""#), "{text}");
    let long = format!(r#"{{"prompt":"{}","model":"kimi-latest"}}"#, "word ".repeat(200_000));
    let text = result(&mut shim, 3, &format!(r#"{{"name":"chat","arguments":{long}}}"#));
    assert!(text.contains("ask kimi-k3.1-pro") && !text.contains("too long"), "{text}");
    assert_eq!(provider.requests().len(), 0);
    let text = models(&mut shim, 2);
    assert!(text.contains("kimi-latest (kimi) · "), "{text}");
    assert!(text.contains("RETIRED on 2026-05-25, not asked, successor: kimi-k3.1-pro"), "{text}");
    daemon.stop();
}

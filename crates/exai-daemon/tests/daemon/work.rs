//! Calls that ask a provider: queued, let through, cancelled, cut.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use exai_settings::{ChosenBy, Secret};
use exai_sim::flood::Flood;
use exai_sim::provider::{ErrorReply, Reply, Script, SimProvider, Stream};
use exai_wire::{CallId, Cancel, DaemonFrame, Outcome, ShimFrame};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Daemon, HANG, Shim, health};

/// A daemon whose only provider is the simulated one, which takes 16 requests at a time.
fn daemon(provider: &SimProvider, change: impl FnOnce(&mut exai_settings::Daemon)) -> Daemon {
    Daemon::start_with(|options| {
        let kimi = options.settings.providers.iter_mut().find(|known| known.name == "kimi").unwrap();
        kimi.base_url = provider.base_url("kimi");
        kimi.key = Some(Secret::new("sk-simulated"));
        kimi.concurrency_chosen_by = ChosenBy::User;
        change(&mut options.settings.daemon);
    })
}

fn ask(shim: &mut Shim, n: u8, prompt: &str) {
    shim.call(n, &format!(r#"{{"name":"chat","arguments":{{"prompt":"{prompt}"}}}}"#));
}

/// The result of a call, after whatever comes before it.
fn result(shim: &mut Shim) -> exai_wire::ResultFrame {
    loop {
        if let DaemonFrame::Result(result) = shim.next() {
            return result;
        }
    }
}

fn started(shim: &mut Shim) -> exai_wire::Started {
    loop {
        if let DaemonFrame::Started(started) = shim.next() {
            return started;
        }
    }
}

#[test]
fn an_answer_is_accepted_started_and_delivered_in_this_order() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |_| {});
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: text=Whales]] which animals sing?");
    assert!(matches!(shim.next(), DaemonFrame::Accepted(_)));
    assert!(
        matches!(shim.next(), DaemonFrame::Started(started) if (started.attempt, started.provider.as_str()) == (1, "kimi"))
    );
    assert!(matches!(shim.next(), DaemonFrame::Result(result) if result.body.get().contains("Whales")));
    daemon.stop();
}

#[test]
fn a_daemon_at_work_says_busy_and_answers_others() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |_| {});
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: stall]]");
    started(&mut shim);
    let (status, body) = daemon.ask("GET", "/health/ready", &[]);
    let ready: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, ready["state"].as_str(), ready["in_flight"].as_u64()), (200, Some("busy"), Some(1)));
    shim.call(2, r#"{"name":"version"}"#);
    assert_eq!(result(&mut shim).outcome, Outcome::Ok);
    let mut other = daemon.shim(2);
    other.call(3, r#"{"name":"status"}"#);
    assert!(result(&mut other).body.get().contains("busy"));
    shim.send(&cancel(1));
    result(&mut shim);
    daemon.stop();
}

fn cancel(n: u8) -> ShimFrame {
    ShimFrame::Cancel(Cancel { call_id: CallId::from_bytes([n; 16]), reason: "test".to_owned() })
}

#[test]
fn a_cancel_closes_the_providers_socket() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |_| {});
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: after=1 stall]]");
    provider.wait_for(HANG, |requests| requests.len() == 1).unwrap();
    shim.send(&cancel(1));
    assert_eq!(result(&mut shim).outcome, Outcome::Cancelled);
    provider.wait_sockets(0, HANG).unwrap();
    daemon.stop();
}

#[test]
fn a_session_at_its_limit_waits_and_hears_its_position() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |daemon| daemon.session_in_flight = 1);
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: stall]] first");
    started(&mut shim);
    ask(&mut shim, 2, "[[sim: text=second]] second");
    let second = CallId::from_bytes([2; 16]);
    let note = loop {
        let Message::Text(text) = shim.socket.read().unwrap() else { continue };
        match DaemonFrame::decode(&text).unwrap() {
            Some(DaemonFrame::Note(note)) if note.call_id == second => break note,
            _ => {}
        }
    };
    assert_eq!(note.text.as_deref(), Some("waiting for a place at kimi, position 1 of 1"));
    let mut other = daemon.shim(2);
    ask(&mut other, 3, "[[sim: text=third]] third");
    assert!(result(&mut other).body.get().contains("third"), "another session is not held up");
    shim.send(&cancel(1));
    assert_eq!(result(&mut shim).outcome, Outcome::Cancelled);
    assert!(result(&mut shim).body.get().contains("second"));
    daemon.stop();
}

#[test]
fn f30_who_waits_for_one_provider_holds_nobody_up_who_asks_another() {
    let provider = SimProvider::start().unwrap();
    let daemon = Daemon::start_with(|options| {
        options.settings.daemon.drain_grace = Duration::from_millis(200);
        for known in &mut options.settings.providers {
            known.base_url = provider.base_url(&known.name);
            known.key = Some(Secret::new("sk-simulated"));
            known.max_concurrency = 1;
        }
        options.settings.daemon.global_in_flight = 2;
    });
    let mut shims = [daemon.shim(1), daemon.shim(2)];
    let ask = |shim: &mut Shim, n: u8, model: &str, prompt: &str| {
        shim.call(n, &format!(r#"{{"name":"chat","arguments":{{"model":"{model}","prompt":"{prompt}"}}}}"#));
    };
    for n in 1..=6_u8 {
        ask(&mut shims[usize::from(n % 2)], n, "glm", "[[sim: stall]]");
    }
    provider.wait_for(HANG, |requests| requests.len() == 1).unwrap();
    ask(&mut shims[1], 7, "kimi", "[[sim: text=Kimi]]");
    assert!(result(&mut shims[1]).body.get().contains("Kimi"));
    for n in 1..=6_u8 {
        shims[usize::from(n % 2)].send(&cancel(n));
    }
    for n in 1..=6_u8 {
        assert_eq!(result(&mut shims[usize::from(n % 2)]).outcome, Outcome::Cancelled);
    }
    daemon.stop();
}

#[test]
fn one_call_more_than_there_is_room_for_is_refused_for_the_moment() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |daemon| {
        daemon.global_in_flight = 1;
        daemon.queue = 1;
    });
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: stall]]");
    started(&mut shim);
    ask(&mut shim, 2, "[[sim: text=second]]");
    assert!(matches!(shim.next(), DaemonFrame::Accepted(_)));
    ask(&mut shim, 3, "[[sim: text=third]]");
    let refused = shim.next();
    assert!(
        matches!(&refused, DaemonFrame::Refused(refused) if refused.code == exai_wire::RefusedCode::Overloaded
            && refused.retry_after_ms.is_some()),
        "{refused:?}"
    );
    shim.send(&cancel(1));
    result(&mut shim);
    assert!(result(&mut shim).body.get().contains("second"));
    ask(&mut shim, 3, "[[sim: text=third]]");
    assert!(result(&mut shim).body.get().contains("third"));
    daemon.stop();
}

#[test]
fn a_drain_lets_what_runs_finish_and_delivers_it() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |_| {});
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: chunks=5 gap=100ms text=finished]]");
    started(&mut shim);
    assert_eq!(daemon.ask("POST", "/stop", &[&daemon.bearer()]).0, 202);
    assert!(matches!(shim.next(), DaemonFrame::Goaway(_)));
    ask(&mut shim, 2, "too late");
    assert!(
        matches!(shim.next(), DaemonFrame::Refused(refused) if refused.code == exai_wire::RefusedCode::Draining)
    );
    assert!(result(&mut shim).body.get().contains("finished"));
    assert_eq!(shim.close_code(), 1012);
    assert_eq!(daemon.end().0, ExitCode::SUCCESS);
}

#[test]
fn a_drain_waits_for_a_peer_that_takes_its_result_slowly() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |_| {});
    let mut shim = daemon.shim(1);
    let text = "w".repeat(6 << 20);
    let stream = Stream { text: Some(text.clone()), chunks: 50, ..Stream::default() };
    provider.set_default(Script { reply: Reply::Stream(stream), ..Script::default() });
    ask(&mut shim, 1, "a long answer");
    started(&mut shim);
    let ended = |daemon: &Daemon| daemon.ask("GET", "/metrics", &[]).1.contains("exai_calls_in_flight 0");
    while !ended(&daemon) {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert_eq!(daemon.ask("POST", "/stop", &[&daemon.bearer()]).0, 202);
    // Longer than any peer that reads would leave a close unanswered, and it speaks meanwhile.
    std::thread::park_timeout(Duration::from_millis(800));
    shim.send(&ShimFrame::Beat);
    let result = result(&mut shim);
    assert!(result.body.get().contains(&text), "the whole text");
    assert_eq!(shim.close_code(), 1012);
    shim.socket.flush().unwrap();
    assert_eq!(daemon.end().0, ExitCode::SUCCESS);
}

#[test]
fn a_drain_cuts_what_does_not_finish_and_leaves_it_to_the_next_daemon() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |daemon| daemon.drain_grace = Duration::from_millis(200));
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: after=1 stall]]");
    started(&mut shim);
    assert_eq!(daemon.ask("POST", "/stop", &[&daemon.bearer()]).0, 202);
    assert!(matches!(shim.next(), DaemonFrame::Goaway(_)));
    assert_eq!(shim.close_code(), 1012, "no result is made up");
    assert_eq!(daemon.end().0, ExitCode::SUCCESS);
    provider.wait_sockets(0, HANG).unwrap();
}

#[test]
fn who_is_asked_no_more_is_told_in_file_status_and_metrics() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |_| {});
    let mut shim = daemon.shim(1);
    ask(&mut shim, 1, "[[sim: status=404 type=resource_not_found_error]]");
    result(&mut shim);
    let key = |health: &Value| -> Option<Value> {
        let kimi = health["providers"].as_array()?.iter().find(|one| one["name"] == "kimi")?;
        kimi["keys"].as_array()?.iter().find(|key| key["model"].is_string()).cloned()
    };
    let began = std::time::Instant::now();
    let told = loop {
        assert!(began.elapsed() < HANG, "never told");
        match key(&health(&daemon.dir)) {
            Some(told) if told["state"] == "open" => break told,
            _ => std::thread::park_timeout(Duration::from_millis(5)),
        }
    };
    assert_eq!(told["cause"], "model_gone");
    let day_ms = 24 * 3600 * 1000;
    assert!(told["until_ms"].as_u64().is_some_and(|until| until > 20 * 365 * day_ms), "{told}");
    let model = told["model"].as_str().unwrap();
    let page = daemon.ask("GET", "/metrics", &[]).1;
    for line in [
        "exai_breaker_state{provider=\"kimi\",model=\"\",state=\"closed\"} 1".to_owned(),
        format!("exai_breaker_state{{provider=\"kimi\",model=\"{model}\",state=\"open\"}} 1"),
        format!("exai_concurrency_limit{{provider=\"kimi\",model=\"{model}\"}} 16"),
        "exai_retries_skipped_total{provider=\"kimi\"} 0".to_owned(),
        "exai_spent_usd_today{provider=\"kimi\"} 0".to_owned(),
        "exai_attempts_by_cause_total{provider=\"kimi\",cause=\"model_gone\"} 1".to_owned(),
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
    shim.call(2, r#"{"name":"status"}"#);
    let status = result(&mut shim).body.get().to_owned();
    assert!(
        status.contains(&format!("{model}: paused (model not served there), asked again in")),
        "{status}"
    );
    daemon.stop();
}

/// Who looks right after an answer sees nothing of it under way.
#[test]
fn what_is_told_of_providers_is_as_new_as_what_is_told_of_calls() {
    let provider = SimProvider::start().unwrap();
    let daemon = daemon(&provider, |_| {});
    let mut shim = daemon.shim(1);
    for n in 1..=5 {
        ask(&mut shim, n, "[[sim: chunks=1]] quick");
        result(&mut shim);
        let status: Value =
            serde_json::from_str(&daemon.ask("GET", "/status", &[&daemon.bearer()]).1).unwrap();
        let kimi = status["providers"].as_array().unwrap().iter().find(|one| one["name"] == "kimi").unwrap();
        assert_eq!((&status["in_flight"], &kimi["in_flight"]), (&0.into(), &0.into()), "{status}");
        assert_eq!(kimi["attempts"]["ok"], n, "{status}");
    }
    daemon.stop();
}

/// Wall time since 1970, in milliseconds.
fn wall_ms() -> u64 {
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(wall.as_millis()).unwrap()
}

/// The health file, once it tells that this model is paused, and when it was seen to.
fn paused(daemon: &Daemon, model: &str) -> (Value, u64) {
    let began = std::time::Instant::now();
    loop {
        let (health, seen_ms) = (health(&daemon.dir), wall_ms());
        let keys =
            health["providers"].as_array().unwrap().iter().flat_map(|one| one["keys"].as_array().unwrap());
        if let Some(key) = keys.clone().find(|key| key["model"] == model && key["state"] == "open") {
            return (key.clone(), seen_ms);
        }
        assert!(began.elapsed() < HANG, "never told");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// A quota is believed to be back after so long where the provider does not say, in milliseconds.
const QUOTA_MS: u64 = 15 * 60_000;

#[test]
fn the_file_tells_within_100_ms_that_a_model_is_asked_no_more() {
    let provider = SimProvider::start().unwrap();
    let daemon = Daemon::start_with(|options| {
        let glm = options.settings.providers.iter_mut().find(|known| known.name == "glm").unwrap();
        glm.base_url = provider.base_url("glm");
        glm.key = Some(Secret::new("sk-simulated"));
    });
    let mut shim = daemon.shim(1);
    // Of its own accord the file is written every 2 s. Of five times one or two may be late for want of the processor.
    let mut late_ms: Vec<u64> = (1..=5_u8)
        .map(|n| {
            let refusal = ErrorReply::glm(429, "1308", "usage limit reached");
            let delay = Duration::from_millis(300);
            provider.push(Script { reply: Reply::Error(refusal), delay });
            let model = format!("m{n}");
            shim.call(
                n,
                &format!(r#"{{"name":"chat","arguments":{{"prompt":"hi","model":"glm/{model}"}}}}"#),
            );
            let (key, seen_ms) = paused(&daemon, &model);
            result(&mut shim);
            seen_ms.saturating_sub(key["until_ms"].as_u64().unwrap() - QUOTA_MS)
        })
        .collect();
    late_ms.sort_unstable();
    assert!(late_ms[2] <= 100, "{late_ms:?}");
    daemon.stop();
}

#[test]
fn a_provider_that_floods_its_calls_takes_no_thread_from_those_of_another() {
    const FLOODED: u8 = 8;
    let provider = SimProvider::start().unwrap();
    let hostile = Flood::start().unwrap();
    let daemon = Daemon::start_with(|options| {
        options.settings.daemon.drain_grace = Duration::from_millis(200);
        for known in &mut options.settings.providers {
            known.base_url =
                if known.name == "kimi" { hostile.base_url() } else { provider.base_url(&known.name) };
            known.key = Some(Secret::new("sk-simulated"));
            known.concurrency_chosen_by = ChosenBy::User;
        }
    });
    let (mut victims, mut shim) = (daemon.shim(1), daemon.shim(2));
    for n in 0..FLOODED {
        victims.call(n, r#"{"name":"chat","arguments":{"prompt":"drown","model":"kimi"}}"#);
    }
    let since = Instant::now();
    while hostile.flooded() < usize::from(FLOODED) {
        assert!(since.elapsed() < HANG, "it does not flood");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    for n in 0..20 {
        let asked = Instant::now();
        shim.call(100 + n, r#"{"name":"chat","arguments":{"prompt":"[[sim: chunks=1]]","model":"glm"}}"#);
        assert_eq!(result(&mut shim).outcome, Outcome::Ok);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    }
    drop(victims);
    daemon.stop();
}

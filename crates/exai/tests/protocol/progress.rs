//! `notifications/progress`: for tokens that were given, and for no others.

use exai_sim::host::{Progress, Revision};
use exai_sim::process::HANG;
use serde_json::json;

use crate::gate::Gate;
use crate::world::{World, check, greet, line, modern_meta, send};

#[test]
fn progress_comes_for_given_tokens_only_and_rises_until_the_answer() {
    let world = World::new();
    let gate = Gate::hold(&world.provider);
    let hosts = Revision::ALL.map(|revision| {
        let host = world.host();
        greet(&host, revision);
        let prompt = format!("slow {}", revision.text());
        let told = host.call("chat", json!({"prompt": prompt}), Progress::Wanted).unwrap();
        let silent = host.call("chat", json!({"prompt": prompt}), Progress::Unwanted).unwrap();
        (host, prompt, told, silent)
    });
    for (host, prompt, told, silent) in &hosts {
        let progress = host.wait_progress(told, 2, HANG).unwrap();
        let values: Vec<f64> = progress.iter().map(|line| line.progress().unwrap().1).collect();
        assert!(values[0] > 0.0 && values[1] > values[0], "{values:?}");
        gate.let_go(prompt);
        host.wait(told, HANG).unwrap();
        host.wait(silent, HANG).unwrap();
        // Whatever were said of it later would come before this.
        host.ask("version", json!({})).unwrap();
        let transcript = check(host);
        let of_others = transcript.notifications("notifications/progress").len();
        assert_eq!(of_others, transcript.progress_of(told).len());
    }
}

#[test]
fn a_progress_token_comes_back_as_it_was_given() {
    let world = World::new();
    let gate = Gate::hold(&world.provider);
    let host = world.greeted(Revision::V2025_11_25);
    let tokens = ["0", "9007199254740993", r#""\u0041\"é""#, r#""0""#];
    let pending: Vec<_> = tokens
        .iter()
        .enumerate()
        .map(|(number, token)| {
            let mut meta = if number % 2 == 0 { json!({}) } else { modern_meta() };
            meta["progressToken"] = serde_json::from_str(token).unwrap();
            let params = json!({"name": "chat", "arguments": {"prompt": "tokens"}, "_meta": meta});
            let text = line(&number.to_string(), "tools/call", &params);
            let escaped = serde_json::from_str::<serde_json::Value>(token).unwrap().to_string();
            let text =
                text.replace(&format!("\"progressToken\":{escaped}"), &format!("\"progressToken\":{token}"));
            assert!(text.contains(token));
            send(&host, json!(number), &text)
        })
        .collect();
    for token in tokens {
        let wanted = format!("\"progressToken\":{token},");
        host.wait_for(HANG, |transcript| {
            transcript.received().any(|line| line.text.contains(&wanted)).then_some(())
        })
        .unwrap();
    }
    gate.let_go("tokens");
    for pending in &pending {
        host.wait(pending, HANG).unwrap();
    }
    check(&host);
}

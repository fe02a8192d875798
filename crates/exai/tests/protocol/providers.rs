//! What a model is told when its call can't be served.

use std::path::{Path, PathBuf};

use exai_sim::host::{Answer, Host, Revision};
use exai_sim::process::HANG;
use exai_sim::provider::{ErrorReply, Raw, Reply, Script, SimProvider};
use serde_json::{Value, json};

use crate::world::{TOOLS, World, check, installation, names};

/// A failure that the model is shown: its text.
fn failure(answer: &Answer) -> String {
    assert!(answer.is_tool_error(), "{}", answer.line);
    answer.text().unwrap()
}

fn chat_fails(host: &Host, arguments: Value) -> String {
    failure(&host.ask("chat", arguments).unwrap())
}

#[test]
fn without_a_key_the_tools_are_listed_and_a_call_names_the_variable() {
    let exai = installation();
    let _daemon = exai.daemon().unwrap();
    for revision in Revision::ALL {
        let host = exai.host().unwrap();
        crate::world::greet(&host, revision);
        assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
        for arguments in [json!({"prompt": "x"}), json!({"prompt": "x", "model": "glm-4.6"})] {
            assert!(chat_fails(&host, arguments).contains("GLM_API_KEY"));
        }
        assert!(chat_fails(&host, json!({"prompt": "x", "model": "kimi-k3"})).contains("KIMI_API_KEY"));
        for tool in ["listmodels", "status", "version"] {
            assert!(!host.ask(tool, json!({})).unwrap().is_tool_error());
        }
        check(&host);
    }
}

/// The bytes of every file below.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() { files(&path) } else { vec![(path.clone(), std::fs::read(path).unwrap())] }
        })
        .collect()
}

#[test]
fn f34_a_wrong_key_is_told_with_its_variable_and_never_shown() {
    let world = World::with(&[("EXAI_FALLBACK", "off")]);
    let host = world.greeted(Revision::V2025_11_25);
    // Nothing but the provider's own words may bring the key in.
    let quoting = "no such key: Bearer sk-sim-glm";
    let in_stream = format!("data: {}\n\n", json!({"error": {"code": "1002", "message": quoting}}));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    let status = Reply::Error(ErrorReply::glm(401, "1000", quoting));
    for (reply, prompt) in
        [(status, "with a status?"), (Reply::Raw(Raw::new(head, in_stream.into_bytes())), "in a stream?")]
    {
        world.provider.push(Script { reply, ..Script::default() });
        let text = chat_fails(&host, json!({"prompt": prompt}));
        assert!(text.contains("GLM_API_KEY") && text.contains("no such key: Bearer [key]"), "{text}");
        let requests = world.provider.asked(prompt);
        assert_eq!(requests.len(), 1, "a wrong key does not become right by asking again");
        assert_eq!(requests[0].key.as_deref(), Some("sk-sim-glm"));
    }
    let transcript = check(&host);
    assert!(!transcript.received().any(|line| line.text.contains("sk-sim")), "{transcript:?}");
    let log = world.exai.log_tails();
    assert!(!log.contains("sk-sim"), "{log}");
    let holds = |bytes: &[u8], words: &str| bytes.windows(words.len()).any(|part| part == words.as_bytes());
    let files = files(&world.exai.state_dir());
    let kept = files.iter().any(|(_, bytes)| holds(bytes, "no such key: Bearer [key]"));
    assert!(kept, "the journal has the failure, and would have the key");
    for (path, bytes) in &files {
        assert!(!holds(bytes, "sk-sim"), "{} has a key in it", path.display());
    }
}

/// Such an address is nobody's but this machine's, and looks like no loopback address.
#[cfg(target_os = "linux")]
#[test]
fn f33_a_key_that_travels_in_the_clear_is_handed_to_no_proxy() {
    let (provider, proxy) = (SimProvider::start().unwrap(), SimProvider::start().unwrap());
    let url = format!("http://0.0.0.0:{}/glm/v1", provider.address().port());
    let proxy_url = format!("http://{}", proxy.address());
    let mut exai = installation();
    exai.with_provider(&provider).set_all(&[("EXAI_FALLBACK", "off"), ("GLM_BASE_URL", &url)]);
    exai.set_all(&[("http_proxy", &proxy_url), ("all_proxy", &proxy_url), ("no_proxy", "")]);
    let _daemon = exai.daemon().unwrap();
    let host = exai.host().unwrap();
    crate::world::greet(&host, Revision::V2025_11_25);
    let answer = host.ask("chat", json!({"prompt": "hi"})).unwrap();
    assert_eq!((proxy.requests().len(), provider.requests().len()), (0, 1), "{}", answer.line);
    assert!(!answer.is_tool_error(), "{}", answer.line);
    check(&host);
}

#[test]
fn an_unknown_model_is_answered_with_the_nearest_names() {
    let world = World::new();
    let host = world.greeted(Revision::V2025_11_25);
    let listed = host.ask("listmodels", json!({})).unwrap().text().unwrap();
    for (wrong, near) in [("glm-4.66", "glm-4.6"), ("kimi-k33", "kimi-k3")] {
        assert!(listed.contains(near), "{listed}");
        let text = chat_fails(&host, json!({"prompt": "x", "model": wrong}));
        assert!(text.contains(wrong) && text.contains(near), "{text}");
    }
    assert_eq!(world.provider.requests().len(), 0);
    check(&host);
}

#[test]
fn models_are_listed_on_the_terminal_as_to_a_host() {
    let world = World::with(&[("EXAI_DISCOVER_MODELS", "off")]);
    let host = world.greeted(Revision::V2025_11_25);
    let listed = host.ask("listmodels", json!({})).unwrap().text().unwrap();
    let output = world.exai.run(&["models"], HANG).unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!((output.status.code(), shown.trim_end()), (Some(0), listed.as_str()));
    let old = shown.lines().find(|line| line.starts_with("kimi-latest ")).unwrap();
    assert!(old.ends_with("RETIRED on 2026-05-25, not asked, successor: kimi-k3.1-pro"), "{old}");
    let going = shown.lines().find(|line| line.starts_with("kimi-k2.6 ")).unwrap();
    assert!(
        going.contains("vision, tools, json, search") && going.contains("DEPRECATED, ends in 2026-12"),
        "{going}"
    );
    check(&host);
}

#[test]
fn an_unknown_tool_is_an_error_with_the_nearest_name() {
    let exai = installation();
    for revision in Revision::ALL {
        let host = exai.host().unwrap();
        crate::world::greet(&host, revision);
        for (wrong, near) in
            [("chatt", Some("chat")), ("list_models", Some("listmodels")), ("", None), ("xyzzy", None)]
        {
            let answer = host.ask(wrong, json!({})).unwrap();
            assert_eq!(answer.error_code(), Some(-32602), "{}", answer.line);
            let message = answer.message["error"]["message"].as_str().unwrap();
            assert!(near.is_none_or(|near| message.contains(&format!("did you mean {near}?"))), "{message}");
        }
        check(&host);
    }
}

#[test]
fn arguments_of_a_wrong_type_are_named_and_nothing_is_asked() {
    let world = World::new();
    let host = world.greeted(Revision::V2025_06_18);
    for (arguments, named) in [
        (json!({}), "prompt"),
        (json!({"prompt": 5}), "prompt"),
        (json!({"prompt": null}), "prompt"),
        (json!({"prompt": ["x"]}), "prompt"),
        (json!({"prompt": ""}), "prompt"),
        (json!({"prompt": "x", "model": 7}), "model"),
        (json!({"prompt": "x", "temperature": "hot"}), "temperature"),
        (json!({"prompt": "x", "temperature": 99}), "temperature"),
        (json!({"prompt": "x", "effort": "enormous"}), "effort"),
        (json!({"prompt": "x", "files": 3}), "files"),
        (json!({"prompt": "x", "files": [3]}), "files"),
        (json!({"prompt": "x", "conversation": "no-such-one"}), "conversation"),
    ] {
        let answer = host.ask("chat", arguments.clone()).unwrap();
        let text = failure(&answer);
        assert!(text.contains(named), "{arguments}: {text}");
    }
    let answer = host.ask("collect", json!({"call_id": "nonsense"})).unwrap();
    assert!(failure(&answer).contains("collect"), "{}", answer.line);
    assert_eq!(world.provider.requests().len(), 0);
    // A name that does not exist costs its own effect only, and is told.
    let answer = host.ask("chat", json!({"prompt": "x", "modell": "glm-4.6"})).unwrap();
    assert!(!answer.is_tool_error() && answer.text().unwrap().contains("modell"), "{}", answer.line);
    check(&host);
}

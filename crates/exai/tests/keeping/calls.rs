//! Calls, wherever they stand.

use exai_sim::host::Progress;
use exai_sim::process::{HANG, Port, Signal};
use serde_json::{Value, json};

use crate::world::World;

#[test]
fn a_call_is_seen_from_its_beginning_to_its_answer() {
    let world = World::new();
    let daemon = world.daemon();
    let prompt = "[[sim: after=1 pause=4s]] a hard one";
    let host = world.host();
    let pending = host.call("chat", json!({"prompt": prompt}), Progress::Wanted).unwrap();
    let running = world.wait_call("running");
    assert_eq!(
        (&running["tool"], &running["waiters"], &running["outcome"]),
        (&json!("chat"), &json!(1), &Value::Null)
    );
    world.provider.wait_for(HANG, |log| log.len() == 1).unwrap();
    let key = running["key"].as_str().unwrap().to_owned();
    let page = world.page(&["calls", "show", key.get(..6).unwrap()]);
    for line in
        [format!("call      {key}\n"), "attempt   #1 glm-5.3 (glm), ".to_owned(), "deadline  in ".to_owned()]
    {
        assert!(page.contains(&line), "{line} is not in:\n{page}");
    }
    host.wait(&pending, HANG).unwrap();

    let delivered = world.wait_call("delivered");
    assert_eq!((&delivered["key"], &delivered["outcome"]), (&json!(key), &json!("ok")));
    assert_eq!((&delivered["model"], &delivered["attempts"]), (&json!("glm-5.3"), &json!(1)));
    let spent = &delivered["spent"];
    assert_eq!((&spent["input_tokens"], &spent["whole"]), (&json!(8), &json!(true)));
    assert!(spent["usd"].as_f64().unwrap() > 0.0, "{spent}");
    let page = world.page(&["calls"]);
    let line = page.lines().find(|line| line.starts_with(key.get(..12).unwrap())).unwrap();
    for word in ["delivered", "chat", "glm/glm-5.3", "ok", "$"] {
        assert!(line.contains(word), "{word} is not in {line}");
    }

    let with = world.told(&["calls", "show", &key, "--json"]);
    assert!(with["result"]["_meta"]["dev.exai/route"]["model"].is_string(), "{with}");
    daemon.terminate().unwrap();
    let log = std::fs::read_to_string(world.exai.home().join("daemon.out")).unwrap();
    let begins = key.get(..8).unwrap();
    assert!(log.contains(&format!("call=\"{begins}\"")), "enough to find it by: {log}");
    assert!(!log.contains(&key), "whoever has a whole key has the call: {log}");
    let without = world.told(&["calls", "show", &key, "--json"]);
    assert_eq!((&with["source"], &without["source"]), (&json!("daemon"), &json!("journal")));
    for part in ["call", "attempts", "result"] {
        assert_eq!(with[part], without[part], "{part}");
    }
}

#[test]
fn an_answer_whose_host_has_gone_is_kept_for_whoever_comes() {
    let world = World::new();
    let daemon = world.daemon();
    let host = world.host();
    host.call("chat", json!({"prompt": "[[sim: after=1 pause=4s]] too slow"}), Progress::Wanted).unwrap();
    world.wait_call("running");
    world.provider.wait_for(HANG, |log| log.len() == 1).unwrap();
    host.close_stdin();
    let kept = world.wait_call("kept");
    assert_eq!((&kept["outcome"], &kept["waiters"]), (&json!("ok"), &json!(0)));
    let key = kept["key"].as_str().unwrap();
    let page = world.page(&["calls", "show", key]);
    assert!(page.contains("kept: nobody has fetched the answer yet") && page.contains("part 3"), "{page}");
    daemon.kill().unwrap();
    let _next = world.daemon();
    assert_eq!(world.page(&["calls", "show", key]).lines().last(), page.lines().last());
}

#[test]
fn a_call_that_was_running_when_its_daemon_was_killed_is_parked() {
    let world = World::new();
    let daemon = world.daemon();
    let host = world.host();
    host.call("chat", json!({"prompt": "[[sim: after=2 stall]] never"}), Progress::Wanted).unwrap();
    world.provider.wait_for(HANG, |log| log.len() == 1 && log[0].events >= 2).unwrap();
    let key = world.wait_call("running")["key"].clone();
    host.signal(Signal::Kill).unwrap();
    daemon.kill().unwrap();
    let without = world.wait_call("parked");
    assert_eq!((&without["key"], &without["attempts"]), (&key, &json!(1)));
    let _next = world.daemon();
    assert_eq!(world.wait_call("parked")["key"], key);
}

#[test]
fn calls_that_there_are_not_are_1_and_daemons_that_there_are_not_3() {
    let mut world = World::new();
    let said = world.say(&["calls"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "no calls\n"), "{said:?}");
    assert!(said.stderr.contains("none has kept anything here"), "{said:?}");
    for (key, says) in
        [("abcdef", "no call is kept whose id begins with abcdef"), ("abc", "hexadecimal digits")]
    {
        let daemon = world.daemon();
        let said = world.say(&["calls", "show", key]);
        assert!(said.code == Some(1) && said.stderr.contains(says), "{said:?}");
        daemon.terminate().unwrap();
        let said = world.say(&["calls", "show", key]);
        assert!(said.code == Some(1) && said.stderr.contains(says), "{said:?}");
    }
    assert_eq!(world.say(&["calls", "--state", "lost"]).code, Some(64));

    let nobody = Port::reserve().unwrap();
    world.exai.unset("EXAI_STATE_DIR").set("EXAI_WS_URL", &format!("ws://{}/", nobody.address()));
    let elsewhere = world.exai.home().join("elsewhere");
    world.exai.set("EXAI_STATE_DIR", elsewhere.to_str().unwrap());
    let said = world.say(&["calls"]);
    assert_eq!(
        said.code,
        Some(0),
        "no daemon at a port of this machine: its journal would be here: {said:?}"
    );
    world.exai.set("EXAI_WS_URL", "ws://exai.invalid:1/");
    for words in [&["calls"][..], &["conversations", "list"]] {
        let said = world.say(words);
        assert!(said.code == Some(3) && said.stderr.contains("unreachable: "), "{said:?}");
    }
}

#[test]
fn a_wrong_token_is_told_what_to_set() {
    let mut world = World::new();
    let _daemon = world.daemon();
    let address = world.exai.address().unwrap();
    world
        .exai
        .set("EXAI_WS_URL", &format!("ws://{address}/"))
        .set("EXAI_WS_TOKEN", "0123456789-another-token");
    let said = world.say(&["calls"]);
    assert!(said.code == Some(3) && said.stderr.contains("EXAI_WS_TOKEN"), "{said:?}");
}

//! Conversations outlive the daemon, and do what their owner says.

use exai_sim::host::Progress;
use exai_sim::process::HANG;
use serde_json::{Value, json};

use crate::world::World;

const FIRST: &str = "My name is Ada.";
const SECOND: &str = "What is my name?";

/// What the model was shown in the request with this prompt.
fn shown(world: &World, prompt: &str) -> String {
    world.requests(prompt).last().unwrap().body["messages"].to_string()
}

#[test]
fn a_conversation_goes_on_after_its_daemon_was_killed() {
    let world = World::new();
    let first = world.daemon();
    let id = world.chat(&["prompt=My name is Ada."]);
    first.kill().unwrap();
    let second = world.daemon();
    let same = world.chat(&[&format!("conversation={id}"), &format!("prompt={SECOND}")]);
    assert_eq!(same, id);
    assert!(shown(&world, SECOND).contains(FIRST), "{}", shown(&world, SECOND));
    second.terminate().unwrap();
    let _third = world.daemon();
    let list = world.told(&["conversations", "list", "--json"]);
    assert_eq!(
        (&list["conversations"][0]["id"], &list["conversations"][0]["turns"]),
        (&id.into(), &2.into())
    );
}

#[test]
fn conversations_are_listed_shown_and_exported_with_and_without_a_daemon() {
    let world = World::new();
    let daemon = world.daemon();
    assert_eq!(world.page(&["conversations", "list"]), "no conversations\n");
    let id = world.chat(&["prompt=My name is Ada."]);
    let other = world.chat(&["prompt=Something else."]);
    world.chat(&[&format!("conversation={id}"), &format!("prompt={SECOND}")]);
    let with = looks(&world, &id, &other);
    daemon.terminate().unwrap();
    assert_eq!(looks(&world, &id, &other), with, "the same from the journal");
    assert!(world.say(&["conversations", "list"]).stderr.contains("no daemon runs"));
}

/// What there is to see of two conversations.
fn looks(world: &World, id: &str, other: &str) -> (Value, String) {
    let page = world.page(&["conversations", "list"]);
    for line in [format!("{id}  2 "), format!("{other}  1 ")] {
        assert!(page.lines().any(|found| found.starts_with(&line)), "{line} is not in:\n{page}");
    }
    let shown = world.page(&["conversations", "show", id.get(..8).unwrap()]);
    assert!(shown.starts_with(&format!("# Conversation {id}\n")), "{shown}");
    let places = [FIRST, SECOND].map(|question| shown.find(question).unwrap());
    assert!(places[0] < places[1] && shown.matches("### Answer").count() == 2, "{shown}");

    assert!(page.lines().any(|line| line.starts_with(other) && line.ends_with(" Something else.")), "{page}");
    let all = world.told(&["conversations", "export"]);
    let exported = all["conversations"].as_array().unwrap();
    assert_eq!(exported.len(), 2);
    let one = world.told(&["conversations", "export", id, "--format", "json"]);
    let turns = one["conversations"][0]["turns"].as_array().unwrap();
    assert_eq!(turns[1]["exchange"]["prompt"], SECOND);
    assert_eq!(world.told(&["conversations", "show", "--json", id]), one["conversations"][0]);
    assert!(!turns[1]["exchange"]["answer"].as_str().unwrap().is_empty());
    assert_eq!(world.page(&["conversations", "export", id, "--format", "markdown"]), shown);
    (all, shown)
}

#[test]
fn a_deleted_conversation_is_gone_for_good() {
    let world = World::new();
    let daemon = world.daemon();
    let (id, other) = (world.chat(&["prompt=One."]), world.chat(&["prompt=Two."]));
    let said = world.page(&["conversations", "delete", &id]);
    assert!(said.starts_with(&format!("deleted conversation {id}: 1 turn, ")), "{said}");
    let asked = world.say(&["call", "chat", &format!("conversation={id}"), "prompt=Three."]);
    assert_eq!(asked.code, Some(1));
    assert!(asked.stdout.contains(&id), "{asked:?}");
    assert!(world.requests("Three.").is_empty(), "nothing was paid for");
    for words in ["show", "delete", "export"].map(|verb| ["conversations", verb, &id]) {
        let said = world.say(&words);
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.stderr.contains("no conversation is kept whose id begins with"), "{said:?}");
    }
    daemon.terminate().unwrap();
    assert!(world.page(&["conversations", "delete", &other]).contains(&other), "without a daemon too");
    let _next = world.daemon();
    assert_eq!(world.page(&["conversations", "list"]), "no conversations\n");
}

#[test]
fn a_conversation_that_nobody_goes_on_with_is_deleted_after_its_time() {
    let mut world = World::new();
    world.exai.set("EXAI_CONVERSATIONS_KEEP", "60s");
    let daemon = world.daemon();
    let (old, young) = (world.chat(&["prompt=Long ago."]), world.chat(&["prompt=Just now."]));
    daemon.terminate().unwrap();
    crate::journal::make_older(&world, &old, 3_600_000);
    let _next = world.daemon();
    // The daemon has said that it is ready before its first look.
    let began = std::time::Instant::now();
    let listed = || world.told(&["conversations", "list", "--json"])["conversations"].clone();
    while listed().as_array().unwrap().len() > 1 {
        assert!(began.elapsed() < exai_sim::process::HANG);
    }
    assert_eq!(listed()[0]["id"], young.as_str());
}

/// What is deleted stays deleted, also where an answer to it was on its way.
#[test]
fn a_conversation_that_is_deleted_while_it_goes_on_stays_deleted() {
    let world = World::new();
    let _daemon = world.daemon();
    let host = world.host();
    let first = host.ask("chat", json!({"prompt": "the first"})).unwrap();
    let id = first.message["result"]["_meta"]["dev.exai/route"]["conversation"].as_str().unwrap().to_owned();
    let prompt = "[[sim: after=1 pause=3s]] the second";
    let arguments = json!({"prompt": prompt, "conversation": id});
    let second = host.call("chat", arguments.clone(), Progress::Wanted).unwrap();
    world.provider.wait_for(HANG, |log| log.len() == 2).unwrap();
    let said = world.page(&["conversations", "delete", &id]);
    assert!(said.contains("1 turn"), "{said}");
    assert!(!host.wait(&second, HANG).unwrap().is_tool_error());
    assert_eq!(world.told(&["conversations", "list", "--json"])["conversations"], json!([]));
    let third = host.ask("chat", arguments).unwrap();
    assert!(third.is_tool_error() && third.text().unwrap().contains("is not known"), "{}", third.line);
}

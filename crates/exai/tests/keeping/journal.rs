//! The file itself: checked, repaired, compacted.

use std::fs;
use std::path::PathBuf;

use crate::world::World;

fn file(world: &World) -> PathBuf {
    world.exai.state_dir().join("journal.db")
}

/// Makes the last turn of a conversation older by so many milliseconds. No daemon runs.
pub(crate) fn make_older(world: &World, conversation: &str, by_ms: i64) {
    let conn = rusqlite::Connection::open(file(world)).unwrap();
    let sql = format!("UPDATE turns SET at_ms = at_ms - {by_ms} WHERE conversation = x'{conversation}'");
    assert_eq!(conn.execute(&sql, []).unwrap(), 1);
}

/// A question of so many bytes.
fn long(name: &str, bytes: usize) -> String {
    format!("prompt={name} {}", "word ".repeat(bytes / 5))
}

#[test]
fn a_sound_journal_is_checked_beside_the_daemon_and_left_alone_by_repair() {
    let world = World::new();
    let missing = world.say(&["journal", "check"]);
    assert!(missing.code == Some(1) && missing.stderr.contains("there is none"), "{missing:?}");
    let daemon = world.daemon();
    world.chat(&["prompt=hello"]);
    let page = world.page(&["journal", "check"]);
    assert!(page.contains("1 conversations, 1 turns") && page.ends_with("sound\n"), "{page}");
    for word in ["repair", "compact"] {
        let said = world.say(&["journal", word]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(75), ""), "{said:?}");
        assert!(said.stderr.contains("`exai stop`"), "{said:?}");
    }
    daemon.terminate().unwrap();
    assert_eq!(world.page(&["journal", "repair"]), "sound: there is nothing to repair\n");
}

#[test]
fn what_can_be_read_of_a_truncated_journal_is_saved() {
    let world = World::new();
    let daemon = world.daemon();
    let first = world.chat(&["prompt=The first one."]);
    for n in 0..4 {
        world.chat(&[&long(&format!("Number {n}"), 60_000)]);
    }
    daemon.terminate().unwrap();
    let file = file(&world);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() * 2 / 3 / 4096 * 4096]).unwrap();

    let checked = world.say(&["journal", "check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let said = format!("{}{}", checked.stdout, checked.stderr);
    assert!(said.contains("exai journal repair"), "{said}");
    let page = world.page(&["journal", "repair"]);
    let old = page.lines().find_map(|line| line.strip_prefix("old file  ")).unwrap();
    assert_eq!(fs::read(old).unwrap().len(), whole.len() * 2 / 3 / 4096 * 4096, "as it was");
    assert!(page.contains("lost      ") && page.contains("repaired: "), "{page}");
    assert!(world.page(&["journal", "check"]).ends_with("sound\n"));

    let _daemon = world.daemon();
    assert!(world.page(&["conversations", "show", &first]).contains("The first one."));
    world.chat(&[&format!("conversation={first}"), "prompt=And on."]);
}

#[test]
fn a_journal_that_cannot_be_read_keeps_calls_out_and_every_command_says_why() {
    let world = World::new();
    fs::write(file(&world), "this is something else, and not short either").unwrap();
    let daemon = world.exai.start_daemon().unwrap();
    let began = std::time::Instant::now();
    while world.exai.address().is_none() {
        assert!(began.elapsed() < exai_sim::process::HANG);
    }
    for words in [&["status"][..], &["health"]] {
        let said = world.say(words);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.stdout.contains("stalled") && said.stdout.contains("can't be used"), "{said:?}");
    }
    let asked = world.say(&["call", "chat", "prompt=hello"]);
    assert!(asked.code == Some(1) && asked.stdout.contains("journal.db"), "{asked:?}");
    let id = "0123456789abcdef";
    let looks = [
        &["calls"][..],
        &["calls", "show", id],
        &["conversations", "list"],
        &["conversations", "export"],
        &["conversations", "show", id],
        &["conversations", "delete", id],
    ];
    for words in looks {
        let said = world.say(words);
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{words:?}: {said:?}");
        assert!(
            said.stderr.contains("journal.db") && !said.stderr.contains("no call"),
            "{words:?}: {said:?}"
        );
    }
    daemon.kill().unwrap();
    let said = world.say(&["calls"]);
    assert!(said.code == Some(1) && said.stderr.contains("journal.db"), "{said:?}");
}

#[test]
fn a_journal_of_which_nothing_can_be_read_is_not_called_empty() {
    let world = World::new();
    let daemon = world.daemon();
    world.chat(&["prompt=hello"]);
    daemon.terminate().unwrap();
    let mut bytes = fs::read(file(&world)).unwrap();
    // The first page tells what this is; every other one is noise.
    bytes[4096..].fill(0x5a);
    fs::write(file(&world), bytes).unwrap();
    let said = world.say(&["journal", "check"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(!said.stdout.contains("0 records") && !said.stdout.contains("0 conversations"), "{said:?}");
    assert!(said.stdout.contains("not readable") && !said.stdout.contains("***"), "{said:?}");
    let page = world.page(&["journal", "repair"]);
    assert!(page.contains("nothing could be saved"), "{page}");
}

#[test]
fn compact_gives_back_the_room_of_what_was_deleted() {
    let world = World::new();
    let daemon = world.daemon();
    let id = world.chat(&[&long("A long one", 100_000)]);
    let other = world.chat(&["prompt=A short one."]);
    daemon.terminate().unwrap();
    world.page(&["conversations", "delete", &id]);
    let before = fs::metadata(file(&world)).unwrap().len();
    let page = world.page(&["journal", "compact"]);
    assert!(page.starts_with("compacted: "), "{page}");
    let after = fs::metadata(file(&world)).unwrap().len();
    assert!(after + 90_000 < before, "{before} bytes before, {after} now");
    let _daemon = world.daemon();
    assert!(world.page(&["conversations", "list"]).contains(&other));
}

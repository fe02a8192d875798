use exai_provider::{ModelInfo, Role, tokens};

use super::{Prompt, Question, TooLong, build};
use crate::conversation::Exchange;
use crate::file::FileText;

fn model(context: u32, output_cap: u32) -> ModelInfo {
    ModelInfo { context, output_cap, ..crate::tests::model("m") }
}

fn file(path: &str, text: &str) -> FileText {
    FileText {
        path: path.to_owned(),
        bytes: text.len() as u64,
        sha256: "a".repeat(64),
        text: text.to_owned(),
    }
}

fn exchange(prompt: &str, files: Vec<FileText>, answer: &str) -> Exchange {
    Exchange { prompt: prompt.to_owned(), files, system: None, model: None, answer: answer.to_owned() }
}

fn question(prompt: &str) -> Question<'_> {
    Question { system: None, prompt, files: &[] }
}

fn shown(prompt: &Prompt) -> Vec<(Role, &str)> {
    prompt.messages.iter().map(|message| (message.role, message.content.as_str())).collect()
}

#[test]
fn turns_are_shown_oldest_first_after_the_system_prompt() {
    let history = [exchange("q1", vec![], "a1"), exchange("q2", vec![], "a2")];
    let asked = Question { system: Some("be brief"), prompt: "q3", files: &[] };
    let prompt = build(asked, &history, Some(&model(1000, 100))).unwrap();
    assert_eq!(prompt.left_out, 0);
    assert_eq!(
        shown(&prompt),
        [
            (Role::System, "be brief"),
            (Role::User, "q1"),
            (Role::Assistant, "a1"),
            (Role::User, "q2"),
            (Role::Assistant, "a2"),
            (Role::User, "q3"),
        ]
    );
}

#[test]
fn the_newest_turns_stay_when_room_is_short() {
    // 900 tokens of room; each exchange takes 350 and its overhead.
    let long = "x".repeat(350 * 7 / 2);
    let history: Vec<_> = ["q1", "q2", "q3"].map(|prompt| exchange(prompt, vec![], &long)).into();
    let prompt = build(question("q4"), &history, Some(&model(1000, 100))).unwrap();
    assert_eq!(prompt.left_out, 1);
    assert_eq!(shown(&prompt)[0], (Role::User, "q2"));
    assert_eq!(prompt.messages.len(), 5);
}

#[test]
fn a_gap_in_the_middle_is_never_left() {
    let long = "x".repeat(5000);
    let history =
        [exchange("small", vec![], "a"), exchange("large", vec![], &long), exchange("late", vec![], "a")];
    let prompt = build(question("q"), &history, Some(&model(1000, 100))).unwrap();
    assert_eq!(prompt.left_out, 2);
    assert_eq!(shown(&prompt)[0], (Role::User, "late"));
}

#[test]
fn a_question_that_does_not_fit_alone_is_refused_with_numbers() {
    let long = "x".repeat(7000);
    let refused = build(question(&long), &[], Some(&model(1000, 4000))).unwrap_err();
    assert_eq!(refused, TooLong { needed: 2008, room: 750 });
    assert!(build(question(&long), &[], None).is_ok());
    assert!(build(question(&long), &[], Some(&model(0, 0))).is_ok());
}

#[test]
fn a_file_is_shown_in_full_where_it_was_named_last() {
    let history = [
        exchange("q1", vec![file("/a", "old a"), file("/b", "text b")], "a1"),
        exchange("q2", vec![file("/a", "newer a")], "a2"),
    ];
    let files = [file("/a", "newest a")];
    let asked = Question { system: None, prompt: "q3", files: &files };
    let prompt = build(asked, &history, None).unwrap();
    let texts: Vec<&str> = prompt.messages.iter().map(|message| message.content.as_str()).collect();
    assert!(
        !texts[0].contains("old a") && texts[0].contains("/a was given here") && texts[0].contains("text b")
    );
    assert!(!texts[2].contains("newer a") && texts[2].contains("/a was given here"));
    assert!(texts[4].contains("newest a") && texts[4].ends_with("q3"));
}

#[test]
fn scripts_are_estimated_each_by_its_own_measure() {
    assert_eq!(tokens(""), 0);
    assert_eq!(tokens(&"a".repeat(7)), 2);
    assert_eq!(tokens("你好世界"), 4);
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

fn facts(last_error: &'static str) -> Facts<'static> {
    Facts {
        address: "127.0.0.1:8079",
        start: "Start it with `exai daemon`.".into(),
        last_error,
        refusal: "",
        call_id: CallId::from_bytes([0xab; 16]),
        cost: Cost::Metered,
        age: Duration::from_secs(50),
    }
}

fn told(answer: Answer) -> (String, bool) {
    let Answer::Result(body) = answer else { panic!("a result") };
    let body: serde_json::Value = serde_json::from_str(body.get()).unwrap();
    (body["content"][0]["text"].as_str().unwrap().to_owned(), body["isError"].as_bool().unwrap())
}

#[test]
fn a_daemon_out_of_reach_is_told_with_address_error_fate_and_what_to_do() {
    let why = EndWhy::OutOfReach("connection refused".to_owned());
    let (text, is_error) = told(end(&why, Fate::NotSent, &facts("connection refused")));
    assert!(is_error);
    for part in ["127.0.0.1:8079", "connection refused", "asking again is safe", "`exai daemon`", "50 s"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn whatever_may_have_run_names_its_id_and_is_not_called_safe() {
    let id = "ab".repeat(16);
    let whys = [
        Some(EndWhy::Deadline),
        None,
        Some(EndWhy::OutOfReach("reset".to_owned())),
        Some(EndWhy::Rejected(RejectCode::Auth, "wrong token".to_owned())),
    ];
    for why in &whys {
        let said = |fate| match why {
            Some(why) => told(end(why, fate, &facts("reset"))),
            None => told(patience(fate, &facts("reset"))),
        };
        for fate in [Fate::Sent, Fate::Accepted] {
            let (text, _) = said(fate);
            assert!(text.contains(&id) && text.contains("`collect`"), "{why:?} {fate:?}: {text}");
            assert!(!text.contains("safe") && !text.contains("not run"), "{why:?} {fate:?}: {text}");
        }
        let (text, is_error) = said(Fate::NotSent);
        assert!(is_error && !text.contains(&id) && text.contains("asking again is safe"), "{why:?}: {text}");
    }
}

#[test]
fn a_call_that_merely_goes_on_is_no_failure() {
    let (text, is_error) = told(patience(Fate::Accepted, &facts("")));
    assert!(!is_error && text.starts_with("Not finished yet") && text.contains("`collect`"), "{text}");
}

#[test]
fn a_call_that_costs_nothing_is_not_said_to_be_kept() {
    let free = Facts { cost: Cost::Free, ..facts("reset") };
    let whys = [EndWhy::Deadline, EndWhy::OutOfReach("reset".to_owned())];
    let answers = whys.iter().map(|why| end(why, Fate::Accepted, &free));
    let away = patience(Fate::Accepted, &free);
    let connected = patience(Fate::Sent, &Facts { last_error: "", start: free.start.clone(), ..free });
    for answer in answers.chain([away, connected, unread(Cost::Free, free.call_id)]) {
        let (text, is_error) = told(answer);
        assert!(is_error && text.contains("asking again is safe"), "{text}");
        assert!(!text.contains("keep") && !text.contains("collect"), "{text}");
    }
    assert!(told(unread(Cost::Metered, free.call_id)).0.contains("`collect`"));
}

#[test]
fn a_call_that_is_refused_for_now_tells_the_daemons_reason() {
    let full = Facts { refusal: "the journal is full: no space left", ..facts("") };
    let (text, is_error) = told(patience(Fate::NotSent, &full));
    assert!(is_error && text.contains("the journal is full: no space left. The call was not run"), "{text}");
    assert!(!text.contains("about to stop"), "{text}");
}

#[test]
fn a_refusal_says_that_nothing_ran() {
    let refused = |code, message: &str| {
        told(end(&EndWhy::Refused(code, message.to_owned()), Fate::NotSent, &facts("")))
    };
    assert!(refused(RefusedCode::Invalid, "").0.contains("Nothing was run."));
    assert!(refused(RefusedCode::Overloaded, "64 calls wait").0.contains("64 calls wait. Nothing was run."));
    assert!(refused(RefusedCode::UnknownCall, "").0.contains("knows no call"));
}

#[test]
fn an_unknown_tool_names_the_nearest() {
    let told = |nearest| {
        let answer = unknown_tool("chta", nearest, ["chat", "status"].into_iter());
        let Answer::Error { code, message, .. } = answer else { panic!("an error") };
        (code, message)
    };
    assert_eq!(told(Some("chat")), (-32602, "Unknown tool: chta; did you mean chat?".to_owned()));
    assert_eq!(told(None), (-32602, "Unknown tool: chta; there are chat, status.".to_owned()));
}

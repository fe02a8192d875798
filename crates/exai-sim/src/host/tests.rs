use super::transcript::Direction::{Received, Sent};
use super::*;

/// A transcript from lines that begin with `>` (the host) or `<` (the server), a millisecond apart.
fn transcript(lines: &[&str]) -> Transcript {
    let mut transcript = Transcript::default();
    for (n, line) in lines.iter().enumerate() {
        let direction = if line.starts_with('>') { Sent } else { Received };
        transcript.push(direction, Duration::from_millis(n as u64), &line.as_bytes()[1..]);
    }
    transcript
}

const CALL: &str = r#">{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","_meta":{"progressToken":"t"}}}"#;
const ANSWER: &str = r#"<{"jsonrpc":"2.0","id":1,"result":{}}"#;

fn progress(token: &str, value: u64) -> String {
    format!(
        r#"<{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"{token}","progress":{value}}}}}"#
    )
}

#[test]
fn an_orderly_conversation_passes() {
    let lines = [CALL, &progress("t", 1), &progress("t", 5), ANSWER, CALL, ANSWER];
    transcript(&lines).check_complete().unwrap();
}

#[test]
fn every_broken_rule_is_found() {
    let cases: [(&[&str], &str); 9] = [
        (&["<hello"], "no JSON"),
        (&[r#"<{"id":1}"#], "no JSON-RPC 2.0"),
        (&[CALL, ANSWER, ANSWER], "second answer"),
        (&[ANSWER], "not sent"),
        (&[CALL, &progress("other", 1)], "no open request"),
        (&[CALL, &progress("t", 1), &progress("t", 1)], "does not rise"),
        (&[CALL, ANSWER, &progress("t", 1)], "no open request"),
        (&[r#"<{"jsonrpc":"2.0","id":9,"method":"roots/list"}"#], "request to the host"),
        (&[r#"<{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}}"#], "not sent"),
    ];
    for (lines, reason) in cases {
        let error = format!("{:#}", transcript(lines).check().unwrap_err());
        assert!(error.contains(reason), "{lines:?}: {error}");
    }
}

#[test]
fn what_was_cancelled_needs_no_answer() {
    let cancel = r#">{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    transcript(&[CALL, cancel]).check_complete().unwrap();
    assert!(transcript(&[CALL]).check_complete().is_err());
}

#[test]
fn garbage_may_be_answered_without_an_id_once() {
    let error = r#"<{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}}"#;
    transcript(&[">{", error]).check().unwrap();
    assert!(transcript(&[">{", error, error]).check().is_err());
}

#[test]
fn batches_are_taken_apart() {
    let batch = r#">[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#;
    let answer = r#"<[{"jsonrpc":"2.0","id":2,"result":{}},{"jsonrpc":"2.0","id":1,"result":{}}]"#;
    transcript(&[batch, answer]).check_complete().unwrap();
}

#[test]
fn silence_after_a_point_is_about_one_request() {
    let pending = Pending { id: 1.into(), token: Some("t".into()), at: Duration::ZERO };
    let told = transcript(&[CALL, &progress("t", 1), r#"<{"jsonrpc":"2.0","method":"notifications/x"}"#]);
    told.check_quiet_after(&pending, Duration::from_millis(1)).unwrap();
    assert!(told.check_quiet_after(&pending, Duration::ZERO).is_err());
}

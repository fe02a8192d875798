use exai_provider::{AttemptReport, Before, Broke, Cause, Continued, Ending, Fate, Reply, StallClock, Usage};
use serde_json::Value;

use super::Report;
use crate::conversation::ConversationId;

fn attempt(n: u32, provider: &str, model: &str, cause: &'static str, ms: u64) -> AttemptReport {
    AttemptReport {
        n,
        provider: provider.to_owned(),
        model: model.to_owned(),
        cause,
        detail: String::new(),
        until_ms: None,
        left_ms: None,
        ms,
        billed: true,
        nano_usd: None,
        estimated: false,
    }
}

fn report() -> Report {
    let reply = Reply {
        text: "42".to_owned(),
        reasoning: String::new(),
        tool_calls: Vec::new(),
        requested_model: Some("glm".to_owned()),
        provider: "glm".to_owned(),
        asked_model: "glm-5.3".to_owned(),
        model: "glm-5.3".to_owned(),
        attempts: vec![attempt(1, "glm", "glm-5.3", "ok", 2300)],
        usage: Some(Usage { prompt_tokens: 10, completion_tokens: 2, ..Usage::default() }),
        finish: Some("stop".to_owned()),
        ending: Ending::Whole,
        continued: Vec::new(),
        notes: Vec::new(),
    };
    Report {
        reply,
        expected: Some("glm-5.3".to_owned()),
        conversation: ConversationId::from_random([7; 16]),
        left_out: 0,
        before: Vec::new(),
        ignored: None,
    }
}

fn shown(report: Report) -> (String, Value) {
    let body: Value = serde_json::from_str(report.into_result().body.get()).unwrap();
    assert_eq!(body["isError"], false);
    (body["content"][0]["text"].as_str().unwrap().to_owned(), body["_meta"]["dev.exai/route"].clone())
}

#[test]
fn the_answer_leads_and_one_line_tells_the_rest() {
    let (text, facts) = shown(report());
    let conversation = "07".repeat(16);
    assert_eq!(
        text,
        format!(
            "42\n\n— glm-5.3 (glm), requested: glm · 2.3 s · tokens: 10 in, 2 out · conversation: {conversation}"
        )
    );
    assert_eq!(facts["requested"], "glm");
    assert_eq!(facts["model"], "glm-5.3");
    assert_eq!(facts["ending"], "whole");
    assert_eq!(facts["usage"]["prompt_tokens"], 10);
    assert_eq!(facts["conversation"], conversation);
}

#[test]
fn a_model_that_was_paused_is_told_with_why_and_for_how_long() {
    let mut report = report();
    report.reply.model = "kimi-k3".to_owned();
    report.reply.asked_model = "kimi-k3".to_owned();
    report.reply.provider = "kimi".to_owned();
    report.reply.requested_model = None;
    let paused = AttemptReport {
        detail: "quota used up; for another 3 h".to_owned(),
        billed: false,
        until_ms: Some(1_782_918_000_000),
        ..attempt(0, "glm", "glm-5.3", "open", 0)
    };
    report.reply.attempts = vec![paused, attempt(1, "kimi", "kimi-k3", "ok", 2300)];
    let (text, facts) = shown(report);
    let why = "paused after failures: quota used up; for another 3 h";
    let first = format!("Note: answered by kimi-k3 (kimi), not by glm-5.3, the default (glm-5.3: {why}).\n");
    assert!(text.starts_with(&first), "{text}");
    assert!(text.contains(&format!("1 attempt: glm-5.3 (glm) {why}; #1 kimi-k3 (kimi) ok, 2.3 s")), "{text}");
    assert_eq!(facts["attempts"][0]["until_ms"], 1_782_918_000_000_u64);
}

#[test]
fn another_model_is_named_first_with_the_reason() {
    let mut report = report();
    report.reply.model = "kimi-k3".to_owned();
    report.reply.asked_model = "kimi-k3".to_owned();
    report.reply.provider = "kimi".to_owned();
    report.reply.requested_model = None;
    report.reply.attempts =
        vec![attempt(1, "glm", "glm-5.3", "stall_idle", 31_200), attempt(2, "kimi", "kimi-k3", "ok", 900)];
    let (text, facts) = shown(report);
    assert!(
        text.starts_with(
            "Note: answered by kimi-k3 (kimi), not by glm-5.3, the default (glm-5.3: text stopped coming).\n\n42\n\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("2 attempts: #1 glm-5.3 (glm) text stopped coming, 31 s; #2 kimi-k3 (kimi) ok, 900 ms"),
        "{text}"
    );
    assert_eq!(facts["attempts"].as_array().unwrap().len(), 2);
}

#[test]
fn a_used_up_quota_is_told_with_its_end() {
    let mut report = report();
    report.reply.model = "kimi-k3".to_owned();
    report.reply.asked_model = "kimi-k3".to_owned();
    report.reply.provider = "kimi".to_owned();
    report.reply.requested_model = None;
    let until_ms = Some(1_782_912_699_000);
    let left_ms = Some(5_499_000);
    let spent =
        AttemptReport { until_ms, left_ms, billed: false, ..attempt(1, "glm", "glm-5.3", "quota", 120) };
    report.reply.attempts = vec![spent, attempt(1, "kimi", "kimi-k3", "ok", 900)];
    let (text, facts) = shown(report);
    let told = "quota used up for another 92 min, until 21:31 UTC+8 on 2026-07-01";
    assert!(text.contains(&format!("the default (glm-5.3: {told}).")), "{text}");
    assert!(text.contains(&format!("1 attempt: glm-5.3 (glm) {told}, 120 ms; #1 kimi-k3")), "{text}");
    assert_eq!(facts["attempts"][0]["until_ms"], 1_782_912_699_000_u64);
    assert_eq!(facts["attempts"][1].get("until_ms"), None);
}

#[test]
fn a_provider_that_swaps_the_model_is_told_of() {
    let mut report = report();
    report.reply.model = "glm-5.2".to_owned();
    let (text, _) = shown(report);
    assert!(
        text.starts_with(
            "Note: answered by glm-5.2 (glm), not by glm-5.3, as requested (glm chose so itself)."
        ),
        "{text}"
    );
}

#[test]
fn partial_and_truncated_answers_say_so() {
    let mut partial = report();
    partial.reply.ending = Ending::Partial(Broke::Failed(Cause::Stall(StallClock::Idle)));
    let (text, facts) = shown(partial);
    assert!(
        text.starts_with("PARTIAL ANSWER: it broke off (text stopped coming)")
            && text.contains("· PARTIAL ·"),
        "{text}"
    );
    assert_eq!(facts["ending"], "partial");
    for (cause, first) in [
        (Cause::Cut, "To get the rest, ask for it"),
        (
            Cause::AccountDead,
            "To get the rest, see to the account's balance or plan, or name another model, and ask for it",
        ),
        (Cause::AuthDead, "To get the rest, see to the key, or name another model, and ask for it"),
        (Cause::Quota, "To get the rest, wait for the quota's reset, or name another model, and ask for it"),
    ] {
        let mut partial = report();
        partial.reply.ending = Ending::Partial(Broke::Failed(cause));
        assert!(shown(partial).0.contains(first), "{cause:?}");
    }

    let mut truncated = report();
    truncated.reply.ending = Ending::Truncated;
    let (text, facts) = shown(truncated);
    assert!(
        text.starts_with("42\n\n")
            && text.contains("· TRUNCATED at the output limit: ask for the rest in this conversation ·"),
        "{text}"
    );
    assert_eq!(facts["ending"], "truncated");
}

#[test]
fn an_answer_without_its_usual_end_says_what_it_lacks() {
    for (finish, told) in [
        (Some("stop"), "· most likely whole (no usual end mark, finish reason stop) ·"),
        (None, "· most likely whole (no finish reason) ·"),
    ] {
        let mut report = report();
        report.reply.ending = Ending::Unterminated;
        report.reply.finish = finish.map(str::to_owned);
        let (text, facts) = shown(report);
        assert!(text.starts_with("42\n\n") && text.contains(told), "{text}");
        assert_eq!(facts["ending"], "unterminated");
    }
}

#[test]
fn remarks_stand_in_the_last_line_and_cannot_break_it() {
    let mut report = report();
    report.left_out = 3;
    report.ignored = Some("ignored unknown arguments: x".to_owned());
    report.reply.notes = vec!["temperature left\nout".to_owned()];
    let (text, _) = shown(report);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("— glm-5.3"), "{last}");
    for part in ["3 earlier turns left out", "ignored unknown arguments: x", "temperature left out"] {
        assert!(last.contains(part), "{last}");
    }
}

#[test]
fn attempts_that_an_earlier_start_of_the_daemon_took_along_are_stated() {
    let mut report = report();
    report.reply.attempts = vec![attempt(2, "glm", "glm-5.3", "ok", 2300)];
    report.before = vec![Before { n: 1, provider: String::new(), model: String::new(), fate: Fate::Lost }];
    let (text, facts) = shown(report);
    assert!(
        text.contains(
            "2 attempts: #1 lost when the daemon ended, if it had begun; #2 glm-5.3 (glm) ok, 2.3 s"
        ),
        "{text}"
    );
    assert_eq!(facts["attempts_lost"], 1);
}

fn seam(at_char: u64, from: &str, to: &str, cause: Broke) -> Continued {
    Continued { at_char, from_model: from.to_owned(), to_model: to.to_owned(), cause }
}

#[test]
fn a_seam_is_told_in_the_last_line() {
    let mut report = report();
    report.before =
        vec![Before { n: 1, provider: "glm".to_owned(), model: "glm-5.3".to_owned(), fate: Fate::Cut }];
    report.reply.attempts = vec![attempt(2, "glm", "glm-5.3", "ok", 2300)];
    report.reply.continued = vec![seam(5210, "glm-5.3", "glm-5.3", Broke::DaemonRestart)];
    let (text, facts) = shown(report);
    assert!(text.starts_with("42\n\n"), "{text}");
    assert!(
        text.contains(
            "2 attempts: #1 glm-5.3 (glm) cut by a restart; #2 glm-5.3 (glm) ok, 2.3 s · continued at character 5210 \
             (the daemon was restarted) · tokens"
        ),
        "{text}"
    );
    assert_eq!(facts["continued"][0]["cause"], "daemon_restart");
}

#[test]
fn an_answer_of_two_models_names_both_first() {
    let mut report = report();
    report.reply.model = "kimi-k3".to_owned();
    report.reply.asked_model = "kimi-k3".to_owned();
    report.reply.provider = "kimi".to_owned();
    report.reply.attempts =
        vec![attempt(1, "glm", "glm-5.3", "cut", 90_000), attempt(2, "kimi", "kimi-k3", "ok", 900)];
    report.reply.continued = vec![seam(700, "glm-5.3", "kimi-k3", Broke::Failed(Cause::Cut))];
    let (text, facts) = shown(report);
    assert!(
        text.starts_with(
            "Note: not by one model: by glm-5.3 up to character 700 (stream broke off), then by kimi-k3 (kimi).\n\n42"
        ),
        "{text}"
    );
    assert!(
        text.contains("· continued at character 700 by kimi-k3 after glm-5.3 (stream broke off) ·"),
        "{text}"
    );
    assert_eq!(
        facts["continued"],
        serde_json::json!([{"at_char": 700, "from_model": "glm-5.3", "to_model": "kimi-k3", "cause": "cut"}])
    );
}

//! What the host is told when a call ends without the daemon's result.
//!
//! Each text says what happened, whether the call may have run, and what to do next. They are tool results, not
//! JSON-RPC errors: only results reach the model in every host. What the protocol itself forbids (a tool that does not
//! exist, params that can't be read) is -32602, as it asks.

use std::borrow::Cow;
use std::time::Duration;

use exai_mcp::Answer;
use exai_session::{EndWhy, Fate};
use exai_wire::{CallId, RefusedCode, RejectCode};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::calls::Cost;

/// JSON-RPC code of invalid params, which the protocol asks for with an unknown tool.
const INVALID_PARAMS: i64 = -32602;

/// JSON-RPC code of what goes wrong here.
pub(crate) const INTERNAL: i64 = -32603;

/// Of a call that was cancelled by somebody else than who waits for it.
pub(crate) const CANCELLED: &str = "The call was cancelled.";

/// Of calls that cost nothing; nobody keeps their answers.
const ASK_AGAIN: &str = "The call costs nothing; asking again is safe.";

/// How long answers can be had. The daemon does not tell what its settings are.
pub(crate) const KEPT: &str =
    "answers are kept for a day, ten minutes once they were delivered, unless its settings say otherwise";

/// What a sentence may need.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    /// The daemon's address.
    pub(crate) address: &'a str,
    /// What to do when no daemon runs there.
    pub(crate) start: Cow<'a, str>,
    /// Why the last dial failed or the connection ended; empty while connected.
    pub(crate) last_error: &'a str,
    /// Why the daemon has not taken the call; empty where it has said nothing.
    pub(crate) refusal: &'a str,
    /// The call.
    pub(crate) call_id: CallId,
    /// What running it again costs.
    pub(crate) cost: Cost,
    /// Time since its line was read.
    pub(crate) age: Duration,
}

/// Why the shim answers in the daemon's place, for programs: in `_meta` of the result, as `exai/cause`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Cause {
    /// No daemon answers.
    OutOfReach,
    /// No daemon can start before a setting is changed.
    Settings,
}

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "exai/cause")]
    cause: Cause,
}

#[derive(Serialize)]
struct ToolResult<'a> {
    content: [Text<'a>; 1],
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
    #[serde(rename = "isError")]
    is_error: bool,
    #[serde(rename = "resultType")]
    result_type: &'static str,
}

#[derive(Serialize)]
struct Text<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// A result that tells of a failure.
pub(crate) fn failure(text: &str) -> Answer {
    result(text, true, None)
}

/// A result that tells of none.
pub(crate) fn success(text: &str) -> Answer {
    result(text, false, None)
}

/// What the shim knows of itself and of a daemon that does not answer.
pub(crate) fn local(text: &str) -> Answer {
    result(text, false, Some(Cause::OutOfReach))
}

/// No daemon can start before a setting is changed: `why` are its words.
pub(crate) fn unusable(why: &str, fate: Fate, facts: &Facts<'_>) -> Answer {
    let fate = fate_text(fate, facts);
    result(&format!("{why}. {fate} Correct that, then ask again."), true, Some(Cause::Settings))
}

fn result(text: &str, is_error: bool, cause: Option<Cause>) -> Answer {
    let content = [Text { r#type: "text", text }];
    let meta = cause.map(|cause| Meta { cause });
    let result = ToolResult { content, meta, is_error, result_type: "complete" };
    match serde_json::value::to_raw_value(&result) {
        Ok(body) => Answer::Result(body),
        Err(_) => Answer::Result(RawValue::NULL.to_owned()),
    }
}

/// No such tool, with the nearest that exists, or else all of them.
pub(crate) fn unknown_tool<'a>(
    name: &str,
    nearest: Option<&str>,
    all: impl Iterator<Item = &'a str>,
) -> Answer {
    let name: String = name.chars().take(80).collect();
    let hint = match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => format!("; there are {}.", all.collect::<Vec<_>>().join(", ")),
    };
    Answer::Error { code: INVALID_PARAMS, message: format!("Unknown tool: {name}{hint}"), data: None }
}

/// Params that can't be read.
pub(crate) fn invalid_params(message: &str) -> Answer {
    Answer::Error { code: INVALID_PARAMS, message: message.to_owned(), data: None }
}

/// A call came back, and the key to read its state is not there.
pub(crate) fn no_key() -> Answer {
    let message =
        "the state directory does not answer, so requestState can't be read now: send the same again later";
    Answer::Error { code: INTERNAL, message: message.to_owned(), data: None }
}

/// A task that is not known, or not any more.
pub(crate) fn no_task(why: &str) -> Answer {
    invalid_params(&format!("no such task: {why}"))
}

/// The settings are wrong; all that is wrong with them, at once.
pub(crate) fn settings(problems: &[String]) -> Answer {
    failure(&settings_text(problems))
}

/// The same for what has no tool result.
pub(crate) fn no_settings(problems: &[String]) -> Answer {
    Answer::Error { code: INTERNAL, message: settings_text(problems), data: None }
}

fn settings_text(problems: &[String]) -> String {
    let list = problems.join("\n- ");
    // A file is read again; the environment was the host's to give, once.
    let of_host = problems.iter().any(|problem| problem.starts_with("environment: "));
    let restart = if of_host {
        " (what the environment says, in the host's configuration: then restart this MCP server)"
    } else {
        ""
    };
    format!(
        "exai's settings have errors, so nothing was run. Correct them, then ask again{restart}:\n- {list}"
    )
}

/// An answer that came while the host does not read.
pub(crate) fn unread(cost: Cost, call_id: CallId) -> Answer {
    let then = match cost {
        Cost::Free => ASK_AGAIN.to_owned(),
        Cost::Metered => format!("It is kept: {}", collect(call_id)),
    };
    failure(&format!(
        "The call has ended, but this host had not read more than 64 MiB of earlier answers, so its answer was not \
         queued. {then}"
    ))
}

/// The host would give up on a call now.
pub(crate) fn patience(fate: Fate, facts: &Facts<'_>) -> Answer {
    let Facts { address, age, call_id, .. } = facts;
    let (call_id, age) = (*call_id, age.as_secs());
    let fate_text = fate_text(fate, facts);
    if !facts.last_error.is_empty() {
        return out_of_reach(facts.last_error, &fate_text, facts);
    }
    match fate {
        _ if facts.cost == Cost::Free => failure(&format!(
            "The exai daemon at {address} has not answered within {age} s, and this host would stop waiting soon. \
             {ASK_AGAIN}"
        )),
        Fate::NotSent if facts.refusal.is_empty() => failure(&format!(
            "The exai daemon at {address} is about to stop and has taken no new call for {age} s. {fate_text}"
        )),
        Fate::NotSent => failure(&format!(
            "The exai daemon at {address} has not taken the call for {age} s: {} {fate_text}",
            sentence(facts.refusal)
        )),
        Fate::Sent | Fate::Accepted => success(&format!(
            "Not finished yet after {age} s, and this host would stop waiting soon. The call goes on in the daemon. {}",
            collect(call_id)
        )),
    }
}

/// A call's end without its result.
pub(crate) fn end(why: &EndWhy, fate: Fate, facts: &Facts<'_>) -> Answer {
    let Facts { address, age, call_id, .. } = facts;
    let (call_id, age) = (*call_id, age.as_secs());
    let fate_text = fate_text(fate, facts);
    match why {
        EndWhy::OutOfReach(error) => out_of_reach(error, &fate_text, facts),
        EndWhy::Deadline => failure(&format!(
            "No answer within {age} s, the limit of a call (EXAI_CALL_TIMEOUT).{} {fate_text}{}",
            link_text(facts),
            if facts.last_error.is_empty() { String::new() } else { format!(" {}", facts.start) }
        )),
        EndWhy::Rejected(code, message) => failure(&format!(
            "The exai daemon at {address} turns this session away: {}{} {fate_text}",
            sentence(message),
            rejected_hint(*code, message)
        )),
        EndWhy::Refused(RefusedCode::UnknownCall, _) => failure(&format!(
            "The exai daemon at {address} knows no call with the id {call_id}: {KEPT}, and end \
             with a daemon that has no journal; calls that cost nothing are not kept. Ask anew."
        )),
        EndWhy::Refused(code, message) => failure(&format!(
            "The exai daemon at {address} refused the call: {} Nothing was run.{}",
            refused(*code, message),
            if code.is_retryable() { " Asking again later is safe." } else { "" }
        )),
    }
}

/// A wait for another call's answer is over, and the call is not.
pub(crate) fn still_collecting(facts: &Facts<'_>) -> Answer {
    let call_id = facts.call_id;
    if facts.last_error.is_empty() {
        return success(&format!(
            "Not finished yet. Wait again with the tool `collect`, call_id \"{call_id}\"."
        ));
    }
    out_of_reach(facts.last_error, &collect_again(call_id), facts)
}

fn collect_again(call_id: CallId) -> String {
    format!("Nothing is lost by that: try again with the tool `collect`, call_id \"{call_id}\".")
}

/// A wait for another call's answer ended without it. The other call's own fate is the daemon's to know.
pub(crate) fn end_of_collect(why: &EndWhy, fate: Fate, facts: &Facts<'_>) -> Answer {
    let Facts { address, start, call_id, .. } = facts;
    let again = collect_again(*call_id);
    match why {
        EndWhy::Refused(..) => end(why, fate, facts),
        EndWhy::Deadline => still_collecting(facts),
        EndWhy::OutOfReach(error) => out_of_reach(error, &again, facts),
        EndWhy::Rejected(code, message) => failure(&format!(
            "The exai daemon at {address} turns this session away: {}{} {again} {start}",
            sentence(message),
            rejected_hint(*code, message)
        )),
    }
}

/// The host's own exit is near: `EXAI_SHIM_EXIT_AFTER` has passed.
pub(crate) fn giving_up(fate: Fate, facts: &Facts<'_>) -> Answer {
    let fate = fate_text(fate, facts);
    out_of_reach(facts.last_error, &format!("{fate} This shim now ends (EXAI_SHIM_EXIT_AFTER)."), facts)
}

fn out_of_reach(error: &str, fate: &str, facts: &Facts<'_>) -> Answer {
    let Facts { address, start, age, .. } = facts;
    let waited = age.as_secs();
    let error = if error.is_empty() { "none yet" } else { error };
    let text = format!(
        "The exai daemon at {address} is out of reach; waited {waited} s (last error: {error}). {fate} {start}"
    );
    result(&text, true, Some(Cause::OutOfReach))
}

fn link_text(facts: &Facts<'_>) -> String {
    match (facts.last_error, facts.address) {
        ("", _) => String::new(),
        (error, address) => format!(" The exai daemon at {address} is out of reach (last error: {error})."),
    }
}

fn fate_text(fate: Fate, facts: &Facts<'_>) -> String {
    let call_id = facts.call_id;
    match fate {
        Fate::Sent | Fate::Accepted if facts.cost == Cost::Free => ASK_AGAIN.to_owned(),
        Fate::NotSent => "The call was not run and cost nothing; asking again is safe.".to_owned(),
        Fate::Sent => format!(
            "The call had been sent, but whether the daemon took it is not known: it may have run. {}",
            collect(call_id)
        ),
        Fate::Accepted => {
            format!("The daemon has accepted the call and keeps it: it may still run. {}", collect(call_id))
        }
    }
}

fn collect(call_id: CallId) -> String {
    format!("Get its answer with the tool `collect`, call_id \"{call_id}\".")
}

fn rejected_hint(code: RejectCode, message: &str) -> &'static str {
    match code {
        // The daemon's own sentence mostly says what to set.
        RejectCode::Auth if message.contains("EXAI_WS_TOKEN") => {
            " A host has to start this MCP server anew to use another token."
        }
        RejectCode::Auth => {
            " Set EXAI_WS_TOKEN to the daemon's token; a host has to start this MCP server anew to use it."
        }
        RejectCode::Version => " Install the same release of exai on both sides.",
        _ => "",
    }
}

fn refused(code: RefusedCode, message: &str) -> String {
    if !message.is_empty() {
        return sentence(message);
    }
    match code {
        RefusedCode::Draining => "it is about to stop.",
        RefusedCode::JournalFull => "its journal is full.",
        RefusedCode::JournalUnavailable => "its journal can't be written.",
        RefusedCode::Overloaded => "too many calls are in flight or waiting.",
        RefusedCode::KeyReused => "the call id was used before with another payload.",
        RefusedCode::UnknownCall => "it knows no such call.",
        RefusedCode::Invalid => "it can't read the request.",
        RefusedCode::Other => "for a reason that this release does not know.",
    }
    .to_owned()
}

/// The daemon's words with a full stop.
fn sentence(message: &str) -> String {
    let message = message.trim();
    if message.ends_with(['.', '!', '?']) { message.to_owned() } else { format!("{message}.") }
}

#[cfg(test)]
mod tests;

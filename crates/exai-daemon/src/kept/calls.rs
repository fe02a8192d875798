//! Calls: a line each in the list, and one with all that is known of it.

use std::time::Duration;

use exai_journal::{Archive, Recovery, Row};
use exai_session::{CallHead, CallList, CallState};
use exai_wire::{Attempt, CallId, Class, Kept, Outcome, Record, Spent};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{LookupError, Shelf, only};
use crate::clock::millis;

/// What a list holds at most: a page for people, and with some 500 bytes a call far below what askers take (1 MiB).
pub(crate) const CALLS_MAX: usize = 500;

#[derive(Serialize)]
struct List {
    /// The newest first.
    calls: Vec<Line>,
    /// Older ones beyond those.
    left_out: usize,
}

/// A call in the list. Moments are milliseconds since 1970.
#[derive(Serialize)]
pub(super) struct Line {
    pub(super) key: CallId,
    tool: String,
    class: Class,
    state: &'static str,
    outcome: Option<Outcome>,
    /// `None` for a cancel that came before its call.
    asked_ms: Option<u64>,
    ended_ms: Option<u64>,
    attempts: u32,
    /// Asked last.
    provider: Option<String>,
    /// Asked last.
    model: Option<String>,
    /// Of the result.
    bytes: usize,
    /// Hosts that wait for it.
    waiters: usize,
    detached: bool,
    adopted: bool,
    spent: Option<Bill>,
}

#[derive(Serialize)]
struct Bill {
    input_tokens: u64,
    cached_tokens: u64,
    output_tokens: u64,
    /// `None`: a price is not known.
    usd: Option<f64>,
    /// Whether it is all that may have been billed.
    whole: bool,
}

/// All that is known of a call.
#[derive(Serialize)]
struct Sheet {
    call: Line,
    /// Time to its deadline, while it is not over.
    left_ms: Option<u64>,
    attempts: Vec<Try>,
    /// Bytes of text that came before it was broken off.
    partial_bytes: Option<usize>,
    /// The MCP result object, as long as it is kept.
    result: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Try {
    n: u32,
    provider: String,
    model: String,
    at_ms: u64,
    /// Bytes of kept text that it went on from.
    continues: u64,
    /// An orderly stop of the daemon cut it.
    cut: bool,
}

/// A call as the daemon knows it at a moment.
#[derive(Debug)]
pub(crate) struct Found {
    /// The call.
    pub(crate) head: CallHead,
    /// Time to its deadline, while it is not over.
    pub(crate) left: Option<Duration>,
}

/// The calls that a daemon has, as JSON.
pub(crate) fn list(found: CallList) -> String {
    json(&List { calls: found.heads.into_iter().map(Line::of_head).collect(), left_out: found.left_out })
}

/// The calls of a journal that no daemon is at work on.
pub(super) fn list_kept(kept: Vec<Kept>, is_wanted: impl Fn(CallState) -> bool) -> String {
    let wanted = kept.iter().filter(|call| is_wanted(state(call)));
    let mut calls: Vec<Line> = wanted.map(Line::of_kept).collect();
    calls.sort_by_key(|line| (std::cmp::Reverse(line.asked_ms), line.key));
    let left_out = calls.len().saturating_sub(CALLS_MAX);
    calls.truncate(CALLS_MAX);
    json(&List { calls, left_out })
}

impl Shelf {
    /// One call of those whose ids begin with these digits, as JSON: what the daemon knows, and what its journal adds.
    ///
    /// # Errors
    /// [`LookupError`].
    pub(crate) fn call(&self, digits: &str, found: Vec<Found>) -> Result<String, LookupError> {
        let Found { head, left } = only("call", digits, found)?;
        let rows = self.archive.call(head.call_id)?;
        Ok(sheet(Line::of_head(head), left, rows))
    }
}

/// One call of a journal that no daemon is at work on.
///
/// # Errors
/// [`LookupError`].
pub(super) fn kept_call(archive: &dyn Archive, digits: &str, kept: Vec<Kept>) -> Result<String, LookupError> {
    let is_like = |call: &Kept| call.call_id.to_string().starts_with(digits);
    let call = only("call", digits, kept.into_iter().filter(is_like))?;
    let rows = archive.call(call.call_id)?;
    Ok(sheet(Line::of_kept(&call), None, rows))
}

/// The calls that these rows tell of. Rows that say nothing to this release are left out.
pub(super) fn fold(rows: Vec<Row>) -> Vec<Kept> {
    let mut recovery = Recovery::default();
    for row in rows {
        let _ = recovery.read(row);
    }
    recovery.finish()
}

fn sheet(line: Line, left: Option<Duration>, rows: Vec<Row>) -> String {
    // The first end is the one that was told. One whose text is gone is kept as `null`.
    let is_done = |row: &&Row| row.kind == exai_journal::Kind::Done && row.load.is_some();
    let result = match rows.iter().find(is_done).cloned().map(Row::record) {
        Some(Ok(Record::Done { body, .. })) => Some(body),
        _ => None,
    };
    let kept = fold(rows).pop();
    let (attempts, partial) = kept.map_or_else(Default::default, |kept| {
        let cut = kept.cut;
        let attempts = kept.attempts.into_iter().map(|attempt| Try::of(attempt, &cut));
        (attempts.collect(), kept.partial)
    });
    let partial_bytes = partial.map(|partial| partial.text.len());
    json(&Sheet { call: line, left_ms: left.map(millis), attempts, partial_bytes, result })
}

impl Try {
    fn of(attempt: Attempt, cut: &[u32]) -> Self {
        let Attempt { n, provider, model, continues, at_ms, .. } = attempt;
        Self { n, provider, model, at_ms, continues, cut: cut.contains(&n) }
    }
}

impl Line {
    fn of_head(head: CallHead) -> Self {
        let (provider, model) = head.model.unzip();
        Self {
            key: head.call_id,
            tool: head.tool,
            class: head.class,
            state: head.state.word(),
            outcome: head.outcome,
            asked_ms: Some(head.asked_ms).filter(|at| *at > 0),
            ended_ms: head.ended_ms,
            attempts: head.attempts,
            provider,
            model,
            bytes: head.bytes,
            waiters: head.waiters,
            detached: head.detached,
            adopted: head.adopted,
            spent: head.spent.map(Bill::of),
        }
    }

    fn of_kept(call: &Kept) -> Self {
        let last = call.attempts.last();
        let ended = call.ended.filter(|_| call.buried_ms.is_none());
        let asked = call.asked.as_ref();
        Self {
            key: call.call_id,
            tool: asked.map(|asked| asked.tool.clone()).unwrap_or_default(),
            class: asked.map_or(Class::Metered, |asked| asked.class),
            state: state(call).word(),
            outcome: ended.map(|ended| ended.end.outcome),
            asked_ms: asked.map(|asked| asked.at_ms),
            ended_ms: call.buried_ms.or(ended.map(|ended| ended.end.at_ms)),
            // One that took over an answer has those that were made for it, which only its end tells.
            attempts: call.attempts_made().max(call.ended.map_or(0, |ended| ended.end.attempts)),
            provider: last.map(|attempt| attempt.provider.clone()),
            model: last.map(|attempt| attempt.model.clone()),
            bytes: ended.map_or(0, |ended| ended.bytes),
            waiters: 0,
            detached: call.detached,
            adopted: call.adopted,
            spent: call.ended.and_then(|ended| ended.end.spent).map(Bill::of),
        }
    }
}

/// Where a call stands when no daemon runs.
fn state(call: &Kept) -> CallState {
    match (call.buried_ms, call.acked_ms, call.ended) {
        (Some(_), ..) => CallState::Buried,
        (None, _, None) => CallState::Parked,
        (None, Some(_), Some(_)) => CallState::Delivered,
        (None, None, Some(_)) => CallState::Kept,
    }
}

impl Bill {
    fn of(spent: Spent) -> Self {
        let Spent { input, cached, output, nano_usd, whole } = spent;
        let usd = nano_usd.map(|nano| nano as f64 / 1e9);
        Self { input_tokens: input, cached_tokens: cached, output_tokens: output, usd, whole }
    }
}

/// Structs of numbers and texts always serialise.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

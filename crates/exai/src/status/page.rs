//! A report for people. Reads the snapshot as JSON, so that a daemon of another release can be shown too: what is
//! missing is left out.

use std::fmt::Write as _;
use std::time::Duration;

use exai_provider::{span, words};
use serde_json::Value;

use super::{Report, Source};
use crate::lines::Lines;

/// The report as a few lines.
pub(crate) fn page(report: &Report) -> String {
    let snapshot = &report.snapshot;
    let mut lines = Lines::default();
    match &report.source {
        Source::Daemon => lines.add(report.state(), &identity(snapshot)),
        Source::HealthFile { unreachable } => {
            let (age, state) = (span(report.age), report.state());
            let _ = writeln!(lines.text, "not answering, but its health file {age} ago said {state}");
            lines.add("why", unreachable);
            lines.add("it said", &identity(snapshot));
        }
    }
    if let Some(journal) = snapshot.get("journal_store").and_then(journal) {
        lines.add("journal", &journal);
    }
    // Of a journal that can't be used the line above tells it.
    let unusable = snapshot.pointer("/journal_store/why");
    if let Some(why) = snapshot.get("why").filter(|why| Some(*why) != unusable).and_then(Value::as_str) {
        lines.add("trouble", why);
    }
    for slip in snapshot.get("slips").and_then(Value::as_array).into_iter().flatten() {
        lines.add("setting", slip.as_str().unwrap_or_default());
    }
    lines.add("calls", &calls(report));
    let hosts = several(count(snapshot, "/sessions"), "session");
    let connections = several(count(snapshot, "/connections"), "connection");
    lines.add("hosts", &format!("{hosts}, {connections}"));
    lines.add("load", &load(snapshot));
    lines.add("so far", &so_far(snapshot));
    for provider in snapshot.get("providers").and_then(Value::as_array).into_iter().flatten() {
        lines.add("provider", &provider_line(provider));
        for key in provider.get("keys").and_then(Value::as_array).into_iter().flatten() {
            key_line(key).iter().for_each(|line| lines.add("", line));
        }
    }
    lines.text
}

fn identity(snapshot: &Value) -> String {
    let mut parts = Vec::new();
    let text = |name: &str| snapshot.get(name).and_then(Value::as_str);
    parts.extend(text("version").map(|version| format!("exai {version}")));
    parts.extend(text("address").map(|address| format!("at {address}")));
    parts.extend(number(snapshot, "/pid").map(|pid| format!("pid {pid}")));
    parts.extend(millis(snapshot, "/monotonic_ms").map(|up| format!("up {}", span(up))));
    parts.join(", ")
}

/// Where it keeps what it keeps; `None` where that is not told.
fn journal(store: &Value) -> Option<String> {
    let text = |name: &str| store.get(name).and_then(Value::as_str);
    Some(match text("kind")? {
        "disk" => text("path").unwrap_or("on disk").to_owned(),
        "memory" => "in memory only: calls, answers and conversations end with the daemon".to_owned(),
        _ => format!("no call is taken: {}", text("why").unwrap_or("it can't be used")),
    })
}

fn calls(report: &Report) -> String {
    let snapshot = &report.snapshot;
    let mut parts = vec![format!("{} in flight", count(snapshot, "/in_flight"))];
    parts.extend(millis(snapshot, "/oldest_in_flight_ms").map(|age| format!("the oldest {}", span(age))));
    parts.extend(number(snapshot, "/waiting").filter(|n| *n > 0).map(|n| format!("{n} waiting for a place")));
    let ago = |pointer| millis(snapshot, pointer).map(|at| span(report.written_at.saturating_sub(at)));
    parts.extend(ago("/last_started_at").map(|ago| format!("last started {ago} ago")));
    parts.extend(ago("/last_finished_at").map(|ago| format!("last finished {ago} ago")));
    parts.join(", ")
}

fn load(snapshot: &Value) -> String {
    let stuck = number(snapshot, "/workers_stuck").filter(|n| *n > 0);
    let stuck = stuck.map(|n| format!(", {} stuck", several(n, "thread"))).unwrap_or_default();
    match count(snapshot, "/lag_ms") {
        0 => format!("work begins at once{stuck}"),
        late => format!("work begins {late} ms late{stuck}"),
    }
}

/// A number and its noun.
fn several(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn so_far(snapshot: &Value) -> String {
    let counted = |name: &str| count(snapshot, &format!("/counts/{name}"));
    // Not `counts.attempts`: a request that is refused and made again is no further attempt.
    let providers = snapshot.get("providers").and_then(Value::as_array).into_iter().flatten();
    let ended = providers.filter_map(|provider| provider.get("attempts").and_then(Value::as_object));
    let requests = ended.flat_map(|by_cause| by_cause.values()).filter_map(Value::as_u64).sum();
    format!(
        "{}: {} answered, {} failed, {} broken off; {} ended",
        several(counted("calls_started"), "call"),
        counted("calls_ok"),
        counted("calls_failed"),
        counted("calls_aborted"),
        several(requests, "provider request"),
    )
}

fn provider_line(provider: &Value) -> String {
    let text = |name: &str| provider.get(name).and_then(Value::as_str);
    let name = text("name").unwrap_or("?");
    let mut parts = vec![condition(text("state").unwrap_or("?"))];
    if let (Some(running @ 1..), Some(most)) =
        (number(provider, "/in_flight"), number(provider, "/max_concurrency"))
    {
        parts.push(format!("{running} of {most} requests running"));
    }
    parts.extend(number(provider, "/waiting").filter(|n| *n > 0).map(|n| format!("{n} waiting")));
    parts.extend(millis(provider, "/last_progress_ms").map(|ago| format!("last progress {} ago", span(ago))));
    if let Some(error) = text("last_error") {
        let ago = millis(provider, "/last_error_ms").unwrap_or_default();
        // What another release calls it stays as it is.
        parts.push(format!("last error {} ago: {}", span(ago), words(error)));
    }
    if let Some(most) = number(provider, "/daily_nano_usd") {
        let spent = number(provider, "/spent_nano_usd").unwrap_or_default();
        let reached = if spent < most { "" } else { ": what costs is not asked before midnight" };
        let (spent, most) = (spent as f64 / 1e9, most as f64 / 1e9);
        parts.push(format!("{spent:.2} of {most:.2} USD spent today, UTC{reached}"));
    }
    parts.extend(
        number(provider, "/retries_skipped")
            .filter(|n| *n > 0)
            .map(|n| format!("{n} retries left out, too many were retries")),
    );
    format!("{name}: {}", parts.join(", "))
}

/// An end that lies further behind the next try than this is told, too.
const TRIED_BEFORE: Duration = Duration::from_secs(60);

/// A model, or the endpoint with its key, where there is something to tell of it.
fn key_line(key: &Value) -> Option<String> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let mut parts = Vec::new();
    let state = text("state").unwrap_or("closed");
    if state != "closed" {
        let next = millis(key, "/retry_ms").unwrap_or_default();
        let told = millis(key, "/left_ms").filter(|left| *left > next + TRIED_BEFORE);
        let told = told.map_or_else(String::new, |left| format!(", said to last another {}", span(left)));
        let why = text("cause").map(|cause| format!(" ({}{told})", words(cause))).unwrap_or_default();
        let retry = Some(next).filter(|left| state == "open" && !left.is_zero());
        parts.push(match retry {
            Some(left) => format!("paused{why}, asked again in {}", span(left)),
            None => format!("paused{why}, one call at a time tries it"),
        });
    }
    let (running, waiting) = (count(key, "/in_flight"), count(key, "/waiting"));
    if let (Some(limit), true) = (number(key, "/limit"), running > 0 || waiting > 0) {
        parts.push(format!("{running} of {limit} at a time just now, {waiting} waiting"));
        parts.extend(millis(key, "/oldest_ms").map(|age| format!("oldest {}", span(age))));
        parts.extend(millis(key, "/last_progress_ms").map(|age| format!("last progress {} ago", span(age))));
    }
    let name = text("model").unwrap_or("key and address");
    (!parts.is_empty()).then(|| format!("{name}: {}", parts.join(", ")))
}

/// A provider's state in words.
fn condition(state: &str) -> String {
    match state {
        "unknown" => "no answer yet".to_owned(),
        "failing" => "last attempt failed".to_owned(),
        "dead" => "key or account refused".to_owned(),
        "no_key" => "no key set".to_owned(),
        other => other.replace('_', " "),
    }
}

fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

fn count(value: &Value, pointer: &str) -> u64 {
    number(value, pointer).unwrap_or(0)
}

fn millis(value: &Value, pointer: &str) -> Option<Duration> {
    number(value, pointer).map(Duration::from_millis)
}

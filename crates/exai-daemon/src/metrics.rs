//! `/metrics`: one snapshot as Prometheus text. Rendered by hand: two dozen numbers that all come from the snapshot
//! need no registry, no atomics of their own and no library.

use std::fmt::{Display, Write as _};

use exai_provider::{KeyHealth, ProviderHealth};

use crate::snapshot::Snapshot;

/// Content type of the text format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Samples of a family whose labels callers choose: any model may be named.
const SAMPLES_MAX: usize = 256;

/// States in which a daemon can be asked for metrics.
const STATES: [&str; 5] = ["starting", "ready", "busy", "stalled", "draining"];

/// The text.
pub(crate) fn render(snapshot: &Snapshot) -> String {
    let mut page = Page(String::with_capacity(4096));
    let s = snapshot;
    page.family("exai_info", "gauge", "Release of the daemon.");
    page.sample("exai_info", &[("version", &s.version)], 1);
    page.family("exai_state", "gauge", "1 for the state the daemon is in.");
    for state in STATES {
        page.sample("exai_state", &[("state", state)], u8::from(s.state == state));
    }
    page.one("exai_epoch", "counter", "Starts of the daemon on its journal.", s.epoch.0);
    page.one("exai_uptime_seconds", "gauge", "Time since the start.", seconds(s.monotonic_ms));
    page.one("exai_sessions", "gauge", "Sessions connected now or within the last 20 s.", s.sessions);
    page.one("exai_connections", "gauge", "Open connections of sessions.", s.connections);
    page.one("exai_calls_in_flight", "gauge", "Calls accepted or running.", s.in_flight);
    page.one("exai_calls_waiting", "gauge", "Calls waiting for a place.", s.waiting);
    let oldest = seconds(s.oldest_in_flight_ms.unwrap_or(0));
    page.one("exai_calls_oldest_seconds", "gauge", "Age of the oldest call in flight.", oldest);
    page.one(
        "exai_work_lag_seconds",
        "gauge",
        "Lag of the work runtime, on which no call to a provider runs.",
        seconds(s.lag_ms),
    );
    page.one(
        "exai_work_threads_stuck",
        "gauge",
        "Threads on which calls run, a provider's or the work runtime's, in one piece of code for 5 s.",
        s.workers_stuck,
    );
    counts(&mut page, s);
    providers(&mut page, s);
    keys(&mut page, s);
    spent(&mut page, s);
    page.0
}

fn counts(page: &mut Page, snapshot: &Snapshot) {
    let counts = &snapshot.counts;
    page.one("exai_calls_started_total", "counter", "Calls that began to run.", counts.calls_started);
    page.family("exai_calls_ended_total", "counter", "Calls that ended, by how.");
    page.sample("exai_calls_ended_total", &[("outcome", "ok")], counts.calls_ok);
    page.sample("exai_calls_ended_total", &[("outcome", "error")], counts.calls_failed);
    page.sample("exai_calls_ended_total", &[("outcome", "aborted")], counts.calls_aborted);
    let attempts = "Attempts let through; a request that is refused and made again is no further one.";
    page.one("exai_attempts_total", "counter", attempts, counts.attempts);
    page.one("exai_connections_total", "counter", "Connections of sessions opened.", counts.connections);
    page.one("exai_overflows_total", "counter", "Connections closed because nobody read.", counts.overflows);
    page.one("exai_notes_dropped_total", "counter", "Notes left out for slow readers.", counts.notes_dropped);
    let lines = counts.log_lines_dropped;
    page.one("exai_log_lines_dropped_total", "counter", "Log lines left out for a slow file.", lines);
}

fn providers(page: &mut Page, snapshot: &Snapshot) {
    page.family("exai_provider_requests_in_flight", "gauge", "Requests running at a provider.");
    for provider in &snapshot.providers {
        page.sample("exai_provider_requests_in_flight", &[("provider", &provider.name)], provider.in_flight);
    }
    page.family(
        "exai_provider_requests_waiting",
        "gauge",
        "Requests waiting for a place at a provider, or for its rate a minute.",
    );
    for provider in &snapshot.providers {
        page.sample("exai_provider_requests_waiting", &[("provider", &provider.name)], provider.waiting);
    }
    page.family("exai_provider_failures", "gauge", "Attempts that failed since a provider's last answer.");
    for provider in &snapshot.providers {
        page.sample("exai_provider_failures", &[("provider", &provider.name)], provider.failures);
    }
}

/// In dollars, as far as prices are known.
fn spent(page: &mut Page, snapshot: &Snapshot) {
    page.family(
        "exai_spent_usd_today",
        "gauge",
        "Paid to a provider since midnight UTC, in part an estimate.",
    );
    for provider in &snapshot.providers {
        let usd = provider.spent_nano_usd as f64 / 1e9;
        page.sample("exai_spent_usd_today", &[("provider", &provider.name)], usd);
    }
}

/// Of endpoints, which are those without a model, and their models.
fn keys(page: &mut Page, snapshot: &Snapshot) {
    let providers = &snapshot.providers;
    let mut keys: Vec<_> = providers.iter().flat_map(keys_of).collect();
    // Endpoints first: they are few, and speak for all their models.
    keys.sort_by_key(|(_, _, key)| key.model.is_some());
    keys.truncate(SAMPLES_MAX);
    page.family("exai_breaker_state", "gauge", "1 for the state of an endpoint, or of a model there.");
    for &(provider, model, key) in &keys {
        let labels = [("provider", provider), ("model", model), ("state", key.state.word())];
        page.sample("exai_breaker_state", &labels, 1);
    }
    page.family("exai_concurrency_limit", "gauge", "Requests that a model is asked at a time just now.");
    for &(provider, model, key) in &keys {
        if let Some(limit) = key.limit {
            page.sample("exai_concurrency_limit", &[("provider", provider), ("model", model)], limit);
        }
    }
    page.family("exai_retries_skipped_total", "counter", "Retries left out because too many were retries.");
    for provider in providers {
        let skipped = provider.retries_skipped;
        page.sample("exai_retries_skipped_total", &[("provider", &provider.name)], skipped);
    }
    page.family(
        "exai_attempts_by_cause_total",
        "counter",
        "Requests to a provider that ended, by ok or why not.",
    );
    for (provider, cause, count) in providers.iter().flat_map(ended_at).take(SAMPLES_MAX) {
        let labels = [("provider", provider), ("cause", cause)];
        page.sample("exai_attempts_by_cause_total", &labels, count);
    }
}

fn keys_of(one: &ProviderHealth) -> impl Iterator<Item = (&str, &str, &KeyHealth)> {
    one.keys.iter().map(|key| (one.name.as_str(), key.model.as_deref().unwrap_or(""), key))
}

fn ended_at(one: &ProviderHealth) -> impl Iterator<Item = (&str, &str, u64)> {
    one.attempts.iter().map(|(cause, count)| (one.name.as_str(), *cause, *count))
}

/// Milliseconds as Prometheus wants them, exactly.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, text)| format!("{key}=\"{}\"", escaped(text))).collect();
        let braces = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{braces} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests;

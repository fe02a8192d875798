//! `status`: how the daemon and the providers are.

use exai_provider::{BreakerState, HealthState, KeyHealth, ProviderHealth, span, span_ms, words};
use serde_json::json;

use crate::class::Class;
use crate::context::ToolContext;
use crate::daemon_view::DaemonFacts;
use crate::result::{Text, ToolResult};
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "status",
    title: "exai status",
    description: "State of the exai daemon: uptime, calls in flight, each provider's condition. Free; look here when \
        calls are slow or fail.",
    search_hint: "exai health, daemon, providers, slow, errors, timeout",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<schema::NoArguments>,
    files_argument: None,
};

/// A line on the daemon, one on its load, one for each provider.
pub(crate) fn run(context: &ToolContext<'_>) -> ToolResult {
    let facts = context.daemon.facts();
    let providers = context.providers.health();
    let main = context.with_slips(text(&facts, &providers));
    let meta = json!({ "daemon": facts.meta(), "providers": providers });
    ToolResult::success(Text { main, ..Text::default() }, meta)
}

fn text(facts: &DaemonFacts, providers: &[ProviderHealth]) -> String {
    let DaemonFacts { version, state, pid, sessions, in_flight, waiting, .. } = facts;
    let up = span(facts.uptime);
    let mut lines = vec![format!("exai daemon: {state} · version {version} · up {up} · pid {pid}")];
    lines.extend(facts.why.clone());
    let oldest = facts.oldest.map(|age| format!(" (oldest {})", span(age))).unwrap_or_default();
    let begins = if facts.lag.is_zero() { "at once".to_owned() } else { format!("{} late", span(facts.lag)) };
    lines.push(format!(
        "calls in flight: {in_flight}{oldest} · waiting: {waiting} · sessions: {sessions} · work begins {begins}"
    ));
    if providers.is_empty() {
        lines.push("No provider is configured: set GLM_API_KEY, KIMI_API_KEY or EXAI_PROVIDERS.".to_owned());
    }
    lines.extend(
        providers.iter().flat_map(|one| [line(one)].into_iter().chain(one.keys.iter().filter_map(key))),
    );
    lines.join("\n")
}

fn line(health: &ProviderHealth) -> String {
    let mut parts = vec![format!("{}: {}", health.name, word(health.state))];
    if health.in_flight > 0 || health.waiting > 0 {
        let ProviderHealth { in_flight, max_concurrency, waiting, .. } = health;
        parts.push(format!("{in_flight} of {max_concurrency} requests running, {waiting} waiting"));
    }
    parts.extend(health.oldest_ms.map(|age| format!("oldest {}", span_ms(age))));
    parts.extend(health.last_ok_ms.map(|age| format!("last answer {} ago", span_ms(age))));
    if let (Some(code), Some(age)) = (health.last_error, health.last_error_ms) {
        let failures = health.failures;
        parts.push(format!("{failures} failed since, last {} ago: {}", span_ms(age), words(code)));
    }
    if let Some(most) = health.daily_nano_usd {
        let reached =
            if health.spent_nano_usd < most { "" } else { ": what costs is not asked before midnight" };
        parts.push(format!("{} of {} USD spent today, UTC{reached}", usd(health.spent_nano_usd), usd(most)));
    }
    if health.retries_skipped > 0 {
        parts.push(format!("{} retries left out, too many were retries", health.retries_skipped));
    }
    parts.join(" · ")
}

/// An end that lies further behind the next try than this, in milliseconds, is told, too.
const TRIED_BEFORE_MS: u64 = 60_000;

/// A model, or the endpoint with its key, where there is something to tell of it.
fn key(key: &KeyHealth) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(pause(key));
    if let Some(limit) = key.limit.filter(|_| key.in_flight > 0 || key.waiting > 0) {
        parts.push(format!("{} of {limit} at a time just now, {} waiting", key.in_flight, key.waiting));
        parts.extend(key.oldest_ms.map(|age| format!("oldest {}", span_ms(age))));
        parts.extend(key.last_progress_ms.map(|age| format!("last progress {} ago", span_ms(age))));
    }
    let name = key.model.as_deref().unwrap_or("key and address");
    (!parts.is_empty()).then(|| format!("  {name}: {}", parts.join(" · ")))
}

/// Why and for how long it is not asked; nothing where it is.
pub(crate) fn pause(key: &KeyHealth) -> Option<String> {
    let why = words(key.cause.filter(|_| key.state != BreakerState::Closed)?);
    let next = key.retry_ms.unwrap_or_default();
    let told = key.left_ms.filter(|left| *left > next + TRIED_BEFORE_MS);
    let told = told.map_or_else(String::new, |left| format!(", said to last another {}", span_ms(left)));
    Some(match (key.state, next) {
        (BreakerState::Open, 1..) => format!("paused ({why}{told}), asked again in {}", span_ms(next)),
        _ => format!("paused ({why}{told}), one call at a time tries it"),
    })
}

/// An amount in dollars.
fn usd(nano_usd: u64) -> String {
    format!("{:.2}", nano_usd as f64 / 1e9)
}

const fn word(state: HealthState) -> &'static str {
    match state {
        HealthState::Unknown => "no answer yet",
        HealthState::Ok => "ok",
        HealthState::Failing => "last attempt failed",
        HealthState::Dead => "key or account refused",
        HealthState::NoKey => "no key set",
    }
}

#[cfg(test)]
mod tests;

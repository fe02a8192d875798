//! `status`: how the daemon and the providers are.

use std::time::Duration;

use exai_provider::{HealthState, ProviderHealth, words};
use serde_json::json;

use crate::class::Class;
use crate::context::ToolContext;
use crate::daemon_view::DaemonFacts;
use crate::result::{Text, ToolResult};
use crate::schema;
use crate::span::{span, span_ms};
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
    let main = text(&facts, &providers);
    let meta = json!({ "daemon": facts.meta(), "providers": providers });
    ToolResult::success(Text { main, ..Text::default() }, meta)
}

fn text(facts: &DaemonFacts, providers: &[ProviderHealth]) -> String {
    let DaemonFacts { version, state, pid, sessions, in_flight, waiting, .. } = facts;
    let up = span(facts.uptime);
    let mut lines = vec![format!("exai daemon: {state} · version {version} · up {up} · pid {pid}")];
    lines.extend(facts.why.clone());
    let oldest = facts.oldest.map(|age| format!(" (oldest {})", span(age))).unwrap_or_default();
    let lag = span(facts.lag);
    lines.push(format!(
        "calls in flight: {in_flight}{oldest} · waiting: {waiting} · sessions: {sessions} · work begins {lag} late"
    ));
    if providers.is_empty() {
        lines.push("No provider is configured: set GLM_API_KEY, KIMI_API_KEY or EXAI_PROVIDERS.".to_owned());
    }
    lines.extend(providers.iter().map(line));
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
        parts.push(format!(
            "{failures} failed since, last {} ago: {}",
            span(Duration::from_millis(age)),
            words(code)
        ));
    }
    parts.join(" · ")
}

const fn word(state: HealthState) -> &'static str {
    match state {
        HealthState::Unknown => "not used yet",
        HealthState::Ok => "ok",
        HealthState::Failing => "failing",
        HealthState::Dead => "key or account refused",
        HealthState::NoKey => "no key set",
    }
}

#[cfg(test)]
mod tests;

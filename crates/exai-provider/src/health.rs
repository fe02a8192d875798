//! What is known of each provider's state, for people and for the health file.

use serde::Serialize;

/// Whether a provider can be counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// No call has ended yet.
    Unknown,
    /// The last call that ended brought an answer.
    Ok,
    /// The last call that ended did not.
    Failing,
    /// Key or account are refused.
    Dead,
    /// No key is set.
    NoKey,
}

/// State of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderHealth {
    /// Name of the provider.
    pub name: String,
    /// Whether it can be counted on.
    pub state: HealthState,
    /// Requests that run.
    pub in_flight: u32,
    /// Requests at a time.
    pub max_concurrency: u32,
    /// Calls that wait for a place.
    pub waiting: u32,
    /// Age of the oldest request that runs, in milliseconds.
    pub oldest_ms: Option<u64>,
    /// Time since the last content, reasoning or tool-call delta of any request, in milliseconds.
    pub last_progress_ms: Option<u64>,
    /// Time since the last answer, in milliseconds.
    pub last_ok_ms: Option<u64>,
    /// Code of the last error; `None` once an answer came after it.
    pub last_error: Option<&'static str>,
    /// Time since that error, in milliseconds.
    pub last_error_ms: Option<u64>,
    /// Attempts that failed since the last answer.
    pub failures: u32,
    /// What it was paid since midnight UTC, in billionths of a dollar; in part an estimate.
    pub spent_nano_usd: u64,
    /// The most that it may be paid for such a day.
    pub daily_nano_usd: Option<u64>,
}

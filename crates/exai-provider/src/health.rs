//! What is known of each provider's state, for people and for the health file.

use std::collections::BTreeMap;

use serde::Serialize;

/// Whether a provider can be counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// No call has ended yet.
    #[default]
    Unknown,
    /// The last call that ended brought an answer.
    Ok,
    /// The last attempt that tells of it did not: what speaks against a question, or one model, does not tell.
    Failing,
    /// Key or account are refused.
    Dead,
    /// No key is set.
    NoKey,
}

/// State of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ProviderHealth {
    /// Name of the provider.
    pub name: String,
    /// Whether it can be counted on.
    pub state: HealthState,
    /// Requests that run.
    pub in_flight: u32,
    /// Requests at a time at most; how many it is just now stands with each model.
    pub max_concurrency: u32,
    /// Calls that wait: for a place, for the rate a minute, for another call that tries a paused model, or before they ask again.
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
    /// Attempts since the last answer whose failure speaks against the provider.
    pub failures: u32,
    /// What it was paid since midnight UTC, in billionths of a dollar; in part an estimate.
    pub spent_nano_usd: u64,
    /// The most that it may be paid for such a day.
    pub daily_nano_usd: Option<u64>,
    /// Retries that were left out since the start because too many of the requests were retries.
    pub retries_skipped: u64,
    /// Attempts that ended since the start, by `ok` or the code of their cause.
    pub attempts: BTreeMap<&'static str, u64>,
    /// The endpoint with its key, and each of its models that was asked or that it does not serve, in the order of their ids;
    /// at most 512 models of all providers.
    pub keys: Vec<KeyHealth>,
}

/// Whether somebody is asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Everybody who asks is let through.
    #[default]
    Closed,
    /// Nobody is, unless nothing else is left to ask.
    Open,
    /// One at a time is, until two were answered.
    HalfOpen,
}

impl BreakerState {
    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// An endpoint with its key, or one of its models.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct KeyHealth {
    /// The model; `None`: the endpoint itself.
    pub model: Option<String>,
    /// Whether it is asked.
    pub state: BreakerState,
    /// Code of why it is not.
    pub cause: Option<&'static str>,
    /// The end that the provider told, else the moment from which on a call tries again: wall time since 1970, in
    /// milliseconds.
    pub until_ms: Option<u64>,
    /// How long until then, in milliseconds.
    pub left_ms: Option<u64>,
    /// How long until a call tries again, in milliseconds; 0: the next one does. Less than `left_ms` where the provider told
    /// an end that is far away.
    pub retry_ms: Option<u64>,
    /// Of a model: requests at a time just now.
    pub limit: Option<u32>,
    /// Requests that run; of an endpoint, those of all its models, here and below.
    pub in_flight: u32,
    /// Calls that wait for a place, or for the rate a minute.
    pub waiting: u32,
    /// Age of the oldest request that runs, in milliseconds.
    pub oldest_ms: Option<u64>,
    /// Time since the last content, reasoning or tool-call delta of those that run, in milliseconds.
    pub last_progress_ms: Option<u64>,
}
